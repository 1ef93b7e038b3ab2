import { H3, redirect, serve } from "h3";
import { secretsFromEnv } from "keepsake";
import { sessions } from "keepsake/adapters/h3";

const app = new H3().use(sessions(secretsFromEnv("APP_SECRET")));

app.get("/", ({ context: { session } }) => {
  session.modify("visits", (visits) => Number(visits ?? 0) + 1);
  return `Hello ${session.subject ?? "stranger"}, visit ${session.get("visits")}\n`;
});

app.post("/login", (event) => {
  // In place of your own check of a password.
  event.context.session.login(event.url.searchParams.get("user") ?? "ada", { keep: ["visits"] });
  return redirect("/", 303);
});

app.post("/logout", ({ context }) => {
  context.session.logout();
  return redirect("/", 303);
});

const server = serve(app, {
  port: Number(process.env.PORT ?? 3000),
  hostname: "127.0.0.1",
  silent: true,
});
await server.ready();
console.log(`listening on ${server.url?.replace(/\/$/, "")}`);
