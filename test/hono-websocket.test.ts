import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { serve, upgradeWebSocket } from "@hono/node-server";
import { Hono } from "hono";
import { InMemorySessionStore } from "keepsake";
import { antiForgery, sessions } from "keepsake/adapters/hono";
import { WebSocket, WebSocketServer } from "ws";

// WebSockets as Hono has them on Node: the route runs for the upgrade.

const onEvent = () => undefined;

async function listening(t: TestContext, store: InMemorySessionStore) {
  const app = new Hono().use(sessions(store, { onEvent })).use(antiForgery({ onEvent }));
  const greet = upgradeWebSocket((c) => ({
    onOpen(_, socket) {
      let late = "changed";
      try {
        c.get("session").set("late", 1);
      } catch (error) {
        late = error instanceof Error && "code" in error ? String(error.code) : String(error);
      }
      socket.send(`${c.get("session").subject ?? "nobody"} ${late}`);
    },
  }));
  app
    .get("/read", (c, next) => {
      void c.get("session").subject;
      return greet(c, next);
    })
    .get("/login", (c, next) => {
      c.get("session").login("ada");
      return greet(c, next);
    });
  const webSockets = new WebSocketServer({ noServer: true });
  const server = serve({
    fetch: app.fetch,
    port: 0,
    hostname: "127.0.0.1",
    overrideGlobalObjects: false,
    // @ts-expect-error its types are not made for exactOptionalPropertyTypes
    websocket: { server: webSockets },
  });
  await once(server, "listening");
  t.after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Opened {
  readonly said: string;
  readonly cookies: readonly string[];
}

/** Opens a socket, and closes it when the server has said something. @returns The status where it is refused. */
async function open(url: string, headers: Record<string, string>): Promise<Opened | number> {
  const socket = new WebSocket(`ws://${url}`, { headers });
  let cookies: readonly string[] = [];
  socket.on("upgrade", (response) => {
    cookies = response.headers["set-cookie"] ?? [];
  });
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("message", (data) => {
      socket.close();
      resolve({ said: String(data), cookies });
    });
    socket.on("unexpected-response", (_, { statusCode }) => resolve(statusCode ?? 0));
  });
}

test("Hono's WebSockets on Node: antiForgery keeps other origins out, and the upgrade carries a token", async (t) => {
  const store = new InMemorySessionStore({ onEvent });
  const host = await listening(t, store);
  const stranger = await open(`${host}/read`, { origin: `http://${host}` });
  assert.deepEqual(stranger, { said: "nobody ERR_SESSION_COMMITTED", cookies: [] });

  const opened = await open(`${host}/login`, { origin: `http://${host}` });
  assert.ok(typeof opened === "object");
  assert.equal(opened.said, "ada ERR_SESSION_COMMITTED");
  const cookie = opened.cookies.map((line) => line.split(";")[0]).join("; ");
  assert.notEqual(cookie, "");

  const own = await open(`${host}/read`, { cookie, origin: `http://${host}` });
  assert.ok(typeof own === "object");
  assert.match(own.said, /^ada /);
  const origin = "https://evil.example";
  assert.equal(await open(`${host}/read`, { cookie, origin }), 403);
  assert.equal(await open(`${host}/read`, { cookie, "sec-fetch-site": "cross-site" }), 403);
  assert.equal(await open(`${host}/read`, { cookie }), 403);
});
