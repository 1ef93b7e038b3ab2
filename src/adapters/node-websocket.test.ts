import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { type TestContext, test } from "node:test";
import { InMemorySessionStore, type ServerSessionStore } from "keepsake";
import { sessions } from "keepsake/adapters/node";
import { SqliteSessionStore } from "keepsake/stores/sqlite";
import { WebSocket, WebSocketServer } from "ws";
import { open as openDatabase, temporaryFile } from "../stores/sqlite-kit.test.ts";
import { get } from "./express-kit.test.ts";
import { cookiesOf, listenOn } from "./node-kit.test.ts";
import { turn } from "./node-upgrade-kit.test.ts";

const onEvent = () => undefined;
const stores: Record<string, () => ServerSessionStore> = {
  memory: () => new InMemorySessionStore({ onEvent }),
  SQLite: () => new SqliteSessionStore(openDatabase(temporaryFile()), { onEvent }),
};

interface Chat {
  readonly url: string;
  /** Lets the time come for a check. */
  check(): Promise<void>;
}

/** A chat that says hello to whoever is logged in, and goodbye when that is over, unless it is deaf to it. */
async function serveChat(
  t: TestContext,
  store: ServerSessionStore,
  { isDeaf = false } = {},
): Promise<Chat> {
  const withSession = sessions(store, { onEvent });
  const webSockets = new WebSocketServer({ noServer: true });
  const due: (() => void)[] = [];
  const server = createServer(
    withSession((req, res) => {
      if (req.url === "/login") req.session.login("ada");
      if (req.url === "/logout") req.session.logout();
      res.end();
    }),
  );
  server.on(
    "upgrade",
    withSession.upgrade(
      (request, socket, head) => {
        const { session, sessionEnded } = request;
        if (session.subject === undefined) {
          socket.end("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n");
          return;
        }
        webSockets.handleUpgrade(request, socket, head, (client) => {
          client.send(`hello ${session.subject}`);
          client.on("message", (message) => client.send(`${session.subject}: ${message}`));
          if (isDeaf) return;
          sessionEnded.addEventListener("abort", () => client.close(1008, "session ended"));
        });
      },
      { schedule: (check) => due.push(check) },
    ),
  );
  const url = await listenOn(t, server);
  t.after(() => {
    for (const client of webSockets.clients) client.terminate();
  });
  return {
    url,
    async check() {
      due.shift()?.();
      await turn();
    },
  };
}

function connect(t: TestContext, { url }: Chat, headers: Record<string, string> = {}): WebSocket {
  const client = new WebSocket(url.replace("http:", "ws:"), { headers });
  t.after(() => client.terminate());
  return client;
}

async function nextMessage(client: WebSocket): Promise<string> {
  const [data] = await once(client, "message");
  return String(data);
}

for (const [name, createStore] of Object.entries(stores)) {
  test(`${name}: a WebSocket has the session of its handshake, and is told when that has ended`, async (t) => {
    const store = createStore();
    const chat = await serveChat(t, store);
    const ends: Record<string, (cookie: string) => unknown> = {
      "a logout in another request": (cookie) => get(`${chat.url}/logout`, { cookie }),
      "a revocation": () => store.revokeAll("ada"),
    };
    for (const [which, end] of Object.entries(ends)) {
      const cookie = cookiesOf(await get(`${chat.url}/login`));
      const client = connect(t, chat, { cookie, origin: chat.url });
      assert.equal(await nextMessage(client), "hello ada");
      client.send("hi");
      assert.equal(await nextMessage(client), "ada: hi");
      await chat.check();
      client.send("still here");
      assert.equal(await nextMessage(client), "ada: still here");
      await end(cookie);
      const closed = once(client, "close");
      await chat.check();
      const [code, reason] = await closed;
      assert.deepEqual([code, String(reason)], [1008, "session ended"], which);
    }
  });
}

test("a WebSocket whose application does not listen is cut off one check later", async (t) => {
  const store = new InMemorySessionStore({ onEvent });
  const chat = await serveChat(t, store, { isDeaf: true });
  const cookie = cookiesOf(await get(`${chat.url}/login`));
  const client = connect(t, chat, { cookie });
  await nextMessage(client);
  await store.revokeAll("ada");
  await chat.check();
  client.send("hi");
  assert.equal(await nextMessage(client), "ada: hi");
  const closed = once(client, "close");
  await chat.check();
  const [code] = await closed;
  assert.equal(code, 1006);
});

test("requirement 84: a WebSocket of another site's page, or of nobody, never opens", async (t) => {
  const chat = await serveChat(t, new InMemorySessionStore({ onEvent }));
  const cookie = cookiesOf(await get(`${chat.url}/login`));
  const refusals: [headers: Record<string, string>, status: number][] = [
    [{ cookie, origin: "https://evil.example" }, 403],
    [{ cookie, "sec-fetch-site": "cross-site" }, 403],
    [{}, 401],
  ];
  for (const [headers, status] of refusals) {
    const client = connect(t, chat, headers);
    const [error] = await once(client, "error");
    assert.match(String(error), new RegExp(`${status}`));
  }
});
