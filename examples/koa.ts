import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { secretsFromEnv } from "keepsake";
import { sessions } from "keepsake/adapters/koa";
import Koa from "koa";

const app = new Koa().use(sessions<{ visits: number }>(secretsFromEnv("APP_SECRET")));

app.use((ctx) => {
  const { session } = ctx;
  switch (`${ctx.method} ${ctx.path}`) {
    case "GET /":
      session.modify("visits", (visits = 0) => visits + 1);
      ctx.body = `Hello ${session.subject ?? "stranger"}, visit ${session.get("visits")}\n`;
      break;
    case "POST /login":
      // In place of your own check of a password.
      session.login(ctx.URL.searchParams.get("user") ?? "ada", { keep: ["visits"] });
      ctx.redirect("/");
      ctx.status = 303;
      break;
    case "POST /logout":
      session.logout();
      ctx.redirect("/");
      ctx.status = 303;
  }
});

const server = app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1");
await once(server, "listening");
console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
