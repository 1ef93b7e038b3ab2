// A module worker, for Cloudflare's workerd. Its secret is a variable of the worker, APP_SECRET_1.
import { env } from "cloudflare:workers";
import { secretsFromEnv } from "keepsake";
import { sessions } from "keepsake/adapters/fetch";

const withSession = sessions<{ visits: number }>(secretsFromEnv("APP_SECRET", { env }));

const toStart = () => new Response(null, { status: 303, headers: { location: "/" } });

const worker = {
  fetch: withSession((request, session) => {
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
  }),
};

export default worker;
