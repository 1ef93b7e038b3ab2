import { secretsFromEnv } from "keepsake";
import { sessions } from "keepsake/adapters/fetch";

const withSession = sessions<{ visits: number }>(secretsFromEnv("APP_SECRET"));

const toStart = () => new Response(null, { status: 303, headers: { location: "/" } });

const handler = withSession((request, session) => {
  const { pathname, searchParams } = new URL(request.url);
  switch (`${request.method} ${pathname}`) {
    case "GET /": {
      session.modify("visits", (visits = 0) => visits + 1);
      const user = session.subject ?? "stranger";
      return new Response(`Hello ${user}, visit ${session.get("visits")}\n`);
    }
    case "POST /login":
      // In place of your own check of a password.
      session.login(searchParams.get("user") ?? "ada", { keep: ["visits"] });
      return toStart();
    case "POST /logout":
      session.logout();
      return toStart();
    default:
      return new Response(null, { status: 404 });
  }
});

Deno.serve(
  {
    hostname: "127.0.0.1",
    port: Number(Deno.env.get("PORT") ?? 3000),
    onListen: ({ port }) => console.log(`listening on http://127.0.0.1:${port}`),
  },
  handler,
);
