import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { secretsFromEnv } from "keepsake";
import { sessions } from "keepsake/adapters/node";

const withSession = sessions<{ visits: number }>(secretsFromEnv("APP_SECRET"));

const server = createServer(
  withSession(({ method, url = "/", session }, res) => {
    const [path, query] = url.split("?");
    switch (`${method} ${path}`) {
      case "GET /":
        session.modify("visits", (visits = 0) => visits + 1);
        res.end(`Hello ${session.subject ?? "stranger"}, visit ${session.get("visits")}\n`);
        break;
      case "POST /login":
        // In place of your own check of a password.
        session.login(new URLSearchParams(query).get("user") ?? "ada", { keep: ["visits"] });
        res.writeHead(303, { location: "/" }).end();
        break;
      case "POST /logout":
        session.logout();
        res.writeHead(303, { location: "/" }).end();
        break;
      default:
        res.writeHead(404).end();
    }
  }),
);

server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1");
await once(server, "listening");
console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
