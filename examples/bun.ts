import { secretsFromEnv } from "keepsake";
import { sessions } from "keepsake/adapters/fetch";

const withSession = sessions<{ visits: number }>(secretsFromEnv("APP_SECRET"));

const toStart = () => new Response(null, { status: 303, headers: { location: "/" } });

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.PORT ?? 3000),
  routes: {
    "/": withSession((_request, session) => {
      session.modify("visits", (visits = 0) => visits + 1);
      const user = session.subject ?? "stranger";
      return new Response(`Hello ${user}, visit ${session.get("visits")}\n`);
    }),
    "/login": {
      POST: withSession((request, session) => {
        // In place of your own check of a password.
        const user = new URL(request.url).searchParams.get("user") ?? "ada";
        session.login(user, { keep: ["visits"] });
        return toStart();
      }),
    },
    "/logout": {
      POST: withSession((_request, session) => {
        session.logout();
        return toStart();
      }),
    },
  },
});

console.log(`listening on http://127.0.0.1:${server.port}`);
