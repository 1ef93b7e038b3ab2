import { defineHandler, redirect } from "nitro/h3";

export default defineHandler(({ context: { session } }) => {
  session.logout();
  return redirect("/", 303);
});
