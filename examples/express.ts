// Express 4 takes the same program, and Connect the same middleware.
import type { AddressInfo } from "node:net";
import express from "express";
import { secretsFromEnv } from "keepsake";
import { sessions } from "keepsake/adapters/express";

declare module "keepsake" {
  interface SessionData {
    visits: number;
  }
}

const app = express();
app.use(sessions(secretsFromEnv("APP_SECRET")));

app.get("/", ({ session }, res) => {
  session.modify("visits", (visits = 0) => visits + 1);
  res.type("text").send(`Hello ${session.subject ?? "stranger"}, visit ${session.get("visits")}\n`);
});

app.post("/login", ({ session, query }, res) => {
  // In place of your own check of a password.
  session.login(String(query.user ?? "ada"), { keep: ["visits"] });
  res.redirect(303, "/");
});

app.post("/logout", ({ session }, res) => {
  session.logout();
  res.redirect(303, "/");
});

const server = app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
