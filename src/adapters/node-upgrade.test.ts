import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { test } from "node:test";
import {
  CookieSessionStore,
  cookieTransport,
  headerTransport,
  InMemorySessionStore,
  MemorySessionRepository,
  ServerSessionStore,
  Session,
  type SessionStore,
} from "keepsake";
import { sessions, type UpgradeHandler } from "keepsake/adapters/node";
import { refusal, SECRET } from "../core/kit.test.ts";
import { get } from "./express-kit.test.ts";
import { ACCEPTED, turn, UpgradeServer, welcome } from "./node-upgrade-kit.test.ts";

const onEvent = () => undefined;
const stores: Record<string, () => SessionStore> = {
  "a sealed session": () => new CookieSessionStore({ secret: SECRET, onEvent }),
  "a session on the server": () => new InMemorySessionStore({ onEvent }),
};

for (const [which, createStore] of Object.entries(stores)) {
  test(`${which} is loaded before an upgrade is accepted`, async (t) => {
    const server = await UpgradeServer.start(t, createStore());
    const cookie = await server.visit("/login/ada");
    assert.match(await server.open({ cookie }).first(), /user: ada/);
    assert.match(await server.open().first(), /user: nobody/);
    assert.match(await server.open({ cookie: "__Host-session=forged" }).first(), /user: nobody/);
  });

  test(`${which} can be read in an upgrade and not changed`, async (t) => {
    const server = await UpgradeServer.start(t, createStore());
    const cookie = await server.visit("/login/ada");
    const { request } = await server.accept({ cookie });
    const { session } = request;
    assert.deepEqual([session.subject, session.isNew, session.toObject()], ["ada", false, {}]);
    const committed = refusal("ERR_SESSION_COMMITTED", "upgrade", "read");
    assert.throws(() => session.set("a", 1), committed);
    assert.throws(() => session.login("bob"), committed);
    assert.throws(() => session.logout(), committed);
    assert.throws(() => session.destroy(), committed);
    assert.throws(() => Object.assign(session.data, { a: 1 }), committed);
    assert.throws(() => Object.assign(request, { session: null }), TypeError);
    const { session: stranger } = (await server.accept()).request;
    assert.throws(() => stranger.set("a", 1), committed);
  });
}

const FOREIGN = { origin: "https://evil.example" };

async function refused(
  server: UpgradeServer,
  headers: Readonly<Record<string, string>>,
): Promise<string> {
  const answer = await server.open(headers).all();
  assert.match(answer, /^HTTP\/1\.1 403 Forbidden\r\n/);
  assert.match(answer, /\r\nConnection: close\r\n/);
  assert.match(answer, /\r\nCache-Control: no-store\r\n/);
  assert.match(answer, /\r\n\r\nForbidden$/);
  return answer;
}

test("requirement 84: an upgrade that another site's page asked for is refused, and nothing is looked up", async (t) => {
  const store = new InMemorySessionStore({ onEvent });
  let loads = 0;
  const server = await UpgradeServer.start(t, {
    load(request) {
      loads += 1;
      return store.load(request);
    },
    save: (request, response, session) => store.save(request, response, session),
  });
  const cookie = await server.visit("/login/ada");
  const own = server.url;
  loads = 0;
  await refused(server, { cookie, ...FOREIGN });
  await refused(server, { cookie, origin: own, "sec-fetch-site": "cross-site" });
  await refused(server, { cookie, origin: own, "sec-fetch-site": "same-site" });
  await refused(server, { cookie, origin: "null" });
  await refused(server, FOREIGN);
  assert.deepEqual([loads, server.accepted.length], [0, 0]);
  assert.deepEqual(server.events[0], { type: "upgrade-refused", origin: "https://evil.example" });
  assert.equal(server.events.length, 5);
});

test("an upgrade that the site's own page asked for is accepted, and that of a client without an origin", async (t) => {
  const server = await UpgradeServer.start(t, new InMemorySessionStore({ onEvent }), {
    trustedOrigins: ["https://partner.example"],
  });
  const cookie = await server.visit("/login/ada");
  const own = server.url;
  await server.accept({ cookie });
  await server.accept({ cookie, origin: own });
  await server.accept({ cookie, origin: own, "sec-fetch-site": "same-origin" });
  await server.accept({ cookie, origin: "https://app.example", host: "App.example:443" });
  await server.accept({ cookie, origin: "https://partner.example" });
  await server.accept({
    cookie,
    origin: "https://partner.example",
    "sec-fetch-site": "cross-site",
  });
});

test("requirement 88: a session from a header alone may come from anywhere, beside a cookie it may not", async (t) => {
  const transport = [cookieTransport(), headerTransport()];
  const store = new InMemorySessionStore({ transport, onEvent });
  const server = await UpgradeServer.start(t, store);
  const cookie = await server.visit("/login/ada");
  const login = await get(`${server.url}/login/bob`, { "x-session-id": "" });
  const token = login.headers.get("x-session-id") ?? "";
  const { request } = await server.accept({ "x-session-id": token, ...FOREIGN });
  assert.equal(request.session.subject, "bob");
  await refused(server, { "x-session-id": "nonsense", ...FOREIGN });
  await refused(server, { "x-session-id": token, cookie: "own=1", ...FOREIGN });
  await refused(server, { "x-session-id": "", cookie, ...FOREIGN });
});

test("requirement 88: what a browser sends by itself is no such header", async (t) => {
  const basic: SessionStore = {
    vary: ["Authorization"],
    load: ({ headers }) =>
      headers.get("authorization") === null
        ? new Session()
        : new Session({}, { id: "of-ada", subject: "ada" }),
    save: () => undefined,
  };
  const server = await UpgradeServer.start(t, basic);
  const authorization = "Basic YWRhOng=";
  const { request } = await server.accept({ authorization });
  assert.equal(request.session.subject, "ada");
  await refused(server, { authorization, ...FOREIGN });
});

test("invariant 13, down is not anonymous: an upgrade whose session cannot be loaded is a 503", async (t) => {
  for (const load of [
    () => Promise.reject(new Error("down")),
    () => {
      throw new Error("down");
    },
  ]) {
    const server = await UpgradeServer.start(t, { load, save: () => undefined });
    const answer = await server.open({ cookie: "any=1" }).all();
    assert.match(answer, /^HTTP\/1\.1 503 Service Unavailable\r\n/);
    assert.match(answer, /\r\nConnection: close\r\n[\s\S]*\r\n\r\nService Unavailable$/);
    assert.equal(server.accepted.length, 0);
    assert.equal(server.errors.length, 1);
    refusal("ERR_SESSION_STORE")(server.errors[0]);
  }
});

test("a repository that is down says when to come again", async (t) => {
  let isDown = false;
  class Repository extends MemorySessionRepository {
    override read(...given: Parameters<MemorySessionRepository["read"]>) {
      if (isDown) throw new Error("down");
      return super.read(...given);
    }
  }
  const store = new ServerSessionStore(new Repository(), { onEvent });
  const server = await UpgradeServer.start(t, store);
  const cookie = await server.visit("/login/ada");
  isDown = true;
  const answer = await server.open({ cookie }).all();
  assert.match(answer, /^HTTP\/1\.1 503 .*\r\n[\s\S]*Retry-After: \d\r\n/);
});

test("an upgrade that names two sessions is a 400, and nobody's error", async (t) => {
  const transport = [cookieTransport(), headerTransport()];
  const server = await UpgradeServer.start(t, new InMemorySessionStore({ transport, onEvent }));
  const cookie = await server.visit("/login/ada");
  const login = await get(`${server.url}/login/bob`, { "x-session-id": "" });
  const token = login.headers.get("x-session-id") ?? "";
  const answer = await server.open({ cookie, "x-session-id": token }).all();
  assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*\r\n\r\nBad Request$/);
});

interface Gate {
  readonly store: SessionStore;
  readonly asked: Promise<void>;
  open(): void;
}

/** A store that waits before it answers. */
function gated(fails: boolean): Gate {
  const store = new InMemorySessionStore({ onEvent });
  const asked = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  return {
    asked: asked.promise,
    open: gate.resolve,
    store: {
      async load(request) {
        asked.resolve();
        await gate.promise;
        if (fails) throw new Error("down");
        return store.load(request);
      },
      save: (request, response, session) => store.save(request, response, session),
    },
  };
}

for (const fails of [false, true]) {
  test(`a client that resets its socket while the session is loaded, which then ${fails ? "fails" : "succeeds"}, is forgotten in silence`, async (t) => {
    const gate = gated(fails);
    let socket: Socket | undefined;
    const skip = (request: IncomingMessage) => {
      socket = request.socket;
      return false;
    };
    const server = await UpgradeServer.start(t, gate.store, {}, { skip });
    const client = server.open();
    await gate.asked;
    // The error itself is nothing that anybody has to hear of.
    const closed = new Promise((resolve) => socket?.once("close", resolve));
    client.socket.resetAndDestroy();
    await closed;
    gate.open();
    await turn();
    assert.deepEqual([server.accepted.length, server.errors], [0, []]);
  });
}

for (const fails of [false, true]) {
  test(`a client that ends its half while the session is loaded, which then ${fails ? "fails" : "succeeds"}, is taken for gone`, async (t) => {
    const gate = gated(fails);
    let socket: Socket | undefined;
    const skip = (request: IncomingMessage) => {
      socket = request.socket;
      return false;
    };
    const server = await UpgradeServer.start(t, gate.store, {}, { skip });
    const client = server.open();
    await gate.asked;
    const ended = new Promise((resolve) => socket?.once("end", resolve));
    client.socket.end();
    await ended;
    gate.open();
    assert.equal(await client.all(), "", "nothing is sent");
    assert.deepEqual([server.accepted.length, server.errors], [0, []]);
    assert.equal(socket?.destroyed, true, "the socket stays open");
  });
}

test("what a client sends before it is accepted is not lost", async (t) => {
  const gate = gated(false);
  const echo: UpgradeHandler = (_request, socket, head) => {
    socket.write(`${ACCEPTED}\r\nhead: ${head.toString()}\n`);
    socket.on("data", (chunk) => socket.write(`data: ${chunk}\n`));
  };
  const server = await UpgradeServer.start(t, gate.store, { handler: echo });
  const client = server.open();
  await gate.asked;
  client.socket.write("early");
  await turn();
  gate.open();
  while (!(await client.first()).includes("early")) await once(client.socket, "data");
  assert.match(await client.first(), /early/);
});

test("a handler that fails is a 500 where nothing was sent, and the end of the socket where something was", async (t) => {
  const bug = new Error("bug");
  const handlers: [handler: UpgradeHandler, answer: RegExp][] = [
    [
      () => {
        throw bug;
      },
      /^HTTP\/1\.1 500 Internal Server Error\r\n[\s\S]*\r\n\r\nInternal Server Error$/,
    ],
    [() => Promise.reject(bug), /^HTTP\/1\.1 500 /],
    [
      async (_request, socket) => {
        await new Promise<void>((resolve) => socket.write(`${ACCEPTED}\r\n`, () => resolve()));
        throw bug;
      },
      /^HTTP\/1\.1 101 (?![\s\S]*500)/,
    ],
    [
      (_request, socket) => {
        socket.destroy();
        throw bug;
      },
      /^$/,
    ],
  ];
  for (const [handler, answer] of handlers) {
    const server = await UpgradeServer.start(t, new InMemorySessionStore({ onEvent }), { handler });
    assert.match(await server.open().all(), answer);
    assert.deepEqual(server.errors, [bug]);
  }
});

test("without an onError what went wrong is written to the console, unless a client can cause it", async (t) => {
  const said: unknown[] = [];
  const { error } = console;
  console.error = (...given: unknown[]) => void said.push(...given);
  t.after(() => {
    console.error = error;
  });
  const bug = new Error("bug");
  const handler: UpgradeHandler = () => {
    throw bug;
  };
  const options = { handler, onError: undefined } as never;
  const server = await UpgradeServer.start(t, new InMemorySessionStore({ onEvent }), options);
  await server.open().all();
  await refused(server, FOREIGN);
  assert.deepEqual(said, [bug]);
});

test("an upgrade that skip excludes has no session, and is no other site's all the same", async (t) => {
  const server = await UpgradeServer.start(
    t,
    { load: () => Promise.reject(new Error("down")), save: () => undefined },
    { handler: (_request, socket) => void socket.end(`${ACCEPTED}\r\n`) },
    { skip: () => true },
  );
  const { request } = await server.accept();
  assert.throws(() => request.session.id, refusal("ERR_SESSION_MISSING"));
  await refused(server, FOREIGN);
});

test("a skip that fails is a 500, and not the end of the process", async (t) => {
  const bug = new Error("bug");
  const skip = () => {
    throw bug;
  };
  const store = new InMemorySessionStore({ onEvent });
  const server = await UpgradeServer.start(
    t,
    store,
    {},
    { skip, onError: (_e, _q, res) => res.end() },
  );
  assert.match(await server.open().all(), /^HTTP\/1\.1 500 /);
  assert.deepEqual(server.errors, [bug]);
  assert.equal((await get(server.url)).status, 500);
});

test("bad options are refused at construction", () => {
  const withSession = sessions(SECRET);
  const bad = [
    { trustedOrigins: ["app.example"] },
    { trustedOrigins: "https://app.example" },
    { origin: ["https://app.example"] },
    { checkEvery: 0 },
    { checkEvery: 15_000 },
    { checkEvery: "15" },
    { failedChecks: 0 },
    { failedChecks: 1.5 },
    { schedule: 15 },
    { onError: "log" },
  ];
  for (const options of bad) {
    assert.throws(
      () => withSession.upgrade(welcome, options as never),
      refusal("ERR_SESSION_CONFIG"),
    );
  }
  assert.throws(() => withSession.upgrade(undefined as never), refusal("ERR_SESSION_CONFIG"));
});

test("types: an upgrade knows its session and its end by the name that they were given", () => {
  const withAdmin = sessions<{ level: number }, "admin">(SECRET, { property: "admin" });
  void withAdmin.upgrade((request) => {
    const level: number | undefined = request.admin.get("level");
    const signal: AbortSignal = request.adminEnded;
    // @ts-expect-error they are under another name
    void [level, signal, request.session, request.sessionEnded];
  });
});
