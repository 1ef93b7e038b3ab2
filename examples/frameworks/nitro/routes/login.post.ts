import { defineHandler, redirect } from "nitro/h3";

export default defineHandler(({ context: { session }, url }) => {
  // In place of your own check of a password.
  session.login(url.searchParams.get("user") ?? "ada", { keep: ["visits"] });
  return redirect("/", 303);
});
