import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { InMemorySessionStore } from "keepsake";
import { sessions } from "keepsake/adapters/node";
import { WebSocketServer } from "ws";

const withSession = sessions(new InMemorySessionStore<{ visits: number }>());

const server = createServer(
  withSession(({ method, url = "/", session }, res) => {
    const [path, query] = url.split("?");
    if (method === "GET" && path === "/") {
      session.modify("visits", (visits = 0) => visits + 1);
      res.end(`Hello ${session.subject ?? "stranger"}, visit ${session.get("visits")}\n`);
      return;
    }
    // In place of your own check of a password.
    const user = new URLSearchParams(query).get("user") ?? "ada";
    if (method === "POST" && path === "/login") session.login(user, { keep: ["visits"] });
    if (method === "POST" && path === "/logout") session.logout();
    res.writeHead(303, { location: "/" }).end();
  }),
);

const webSockets = new WebSocketServer({ noServer: true });
const upgrade = withSession.upgrade((request, socket, head) => {
  const { session, sessionEnded } = request;
  webSockets.handleUpgrade(request, socket, head, (client) => {
    sessionEnded.addEventListener("abort", () => client.close(1008, "session ended"));
    client.on("message", (text) => client.send(`${session.subject ?? "stranger"}: ${text}`));
  });
});
server.on("upgrade", upgrade);

server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1");
await once(server, "listening");
console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
