import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { secretsFromEnv } from "keepsake";
import { sessions } from "keepsake/adapters/hono";

const app = new Hono().use(sessions<{ visits: number }>(secretsFromEnv("APP_SECRET")));

app.get("/", (c) => {
  const { session } = c.var;
  session.modify("visits", (visits = 0) => visits + 1);
  return c.text(`Hello ${session.subject ?? "stranger"}, visit ${session.get("visits")}\n`);
});

app.post("/login", (c) => {
  // In place of your own check of a password.
  c.var.session.login(c.req.query("user") ?? "ada", { keep: ["visits"] });
  return c.redirect("/", 303);
});

app.post("/logout", (c) => {
  c.var.session.logout();
  return c.redirect("/", 303);
});

const port = Number(process.env.PORT ?? 3000);
serve({ fetch: app.fetch, hostname: "127.0.0.1", port }, ({ port }) => {
  console.log(`listening on http://127.0.0.1:${port}`);
});
