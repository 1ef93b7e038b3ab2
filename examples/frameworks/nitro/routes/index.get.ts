import { defineHandler } from "nitro/h3";

export default defineHandler(({ context: { session } }) => {
  session.modify("visits", (visits = 0) => visits + 1);
  return `Hello ${session.subject ?? "stranger"}, visit ${session.get("visits")}\n`;
});
