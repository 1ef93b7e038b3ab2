import assert from "node:assert/strict";
import { createServer, type ServerResponse } from "node:http";
import { type TestContext, test } from "node:test";
import { getRequestListener } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { defineWebSocketHandler, fromNodeHandler, H3 } from "h3";
import { toNodeHandler } from "h3/node";
import { Hono } from "hono";
import { InMemorySessionStore, type Session, SessionError, type SessionEvent } from "keepsake";
import { sessions as fetchSessions } from "keepsake/adapters/fetch";
import { sessions as h3Sessions } from "keepsake/adapters/h3";
import { sessions as honoSessions } from "keepsake/adapters/hono";
import { get } from "./express-kit.test.ts";
import { cookiesOf, listenOn } from "./node-kit.test.ts";

// Answers that a handler writes to Node's response, past the framework: they have left before anything can be saved.

interface Heard {
  readonly events: SessionEvent["type"][];
  readonly errors: unknown[];
}

type Use = (session: Session) => unknown;

/** Serves `use` of a session in a handler that then answers by hand; `/login` is answered as usual. */
type Serve = (
  t: TestContext,
  store: InMemorySessionStore,
  use: Use,
  heard: Heard,
) => Promise<(path: string, cookie?: string) => Promise<Response>>;

function over(url: string) {
  return (path: string, cookie = "") => get(`${url}${path}`, { cookie });
}

const hear = ({ events }: Heard) => ({
  onEvent: ({ type }: SessionEvent) => void events.push(type),
  // The end of a session has to be saved, and nothing else.
  saveOnServerError: true,
});

/** What `@hono/node-server` gives a handler. */
interface Bindings {
  readonly outgoing: ServerResponse;
}

const adapters: Record<string, Serve> = {
  async "Hono, by RESPONSE_ALREADY_SENT"(t, store, use, heard) {
    const app = new Hono<{ Bindings: Bindings }>()
      .use(honoSessions(store, hear(heard)))
      .get("/login", (c) => c.text(String(c.get("session").login("ada"))))
      .get("/by-hand", (c) => {
        use(c.get("session"));
        c.env.outgoing.writeHead(200, { "x-by-hand": "1" }).end("by hand");
        return RESPONSE_ALREADY_SENT;
      })
      .onError((error, c) => {
        heard.errors.push(error);
        return c.text("sorry", 500);
      });
    const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
    return over(await listenOn(t, createServer(listener)));
  },
  async "H3, by fromNodeHandler"(t, store, use, heard) {
    const app = new H3({ silent: true, onError: ({ cause }) => void heard.errors.push(cause) })
      .use(h3Sessions(store, hear(heard)))
      .get("/login", ({ context }) => String(context.session.login("ada")))
      .get("/by-hand", (event) => {
        use(event.context.session);
        return fromNodeHandler((_, res) => void res.end("by hand"))(event);
      });
    return over(await listenOn(t, createServer(toNodeHandler(app))));
  },
  async "H3, by the response of the runtime"(t, store, use, heard) {
    const app = new H3({ silent: true, onError: ({ cause }) => void heard.errors.push(cause) })
      .use(h3Sessions(store, hear(heard)))
      .get("/login", ({ context }) => String(context.session.login("ada")))
      .get("/by-hand", ({ context, runtime }) => {
        use(context.session);
        runtime?.node?.res?.end("by hand");
      });
    return over(await listenOn(t, createServer(toNodeHandler(app))));
  },
  async "fetch, behind @hono/node-server"(t, store, use, heard) {
    const withSession = fetchSessions(store, {
      ...hear(heard),
      onError(error) {
        heard.errors.push(error);
        return new Response("sorry", { status: 500 });
      },
    });
    const handler = withSession((request, session, { outgoing }: Bindings) => {
      if (request.url.endsWith("/login")) return new Response(String(session.login("ada")));
      use(session);
      outgoing.end("by hand");
      return RESPONSE_ALREADY_SENT;
    });
    const listener = getRequestListener(
      (request, env) => handler(request, { outgoing: env.outgoing as ServerResponse }),
      { overrideGlobalObjects: false },
    );
    return over(await listenOn(t, createServer(listener)));
  },
};

// An answer that has left cannot be replaced, and what serves says so.
const quiet = (t: TestContext) => t.mock.method(console, "error", () => undefined);

for (const [adapter, serve] of Object.entries(adapters)) {
  const scene = async (t: TestContext, use: Use) => {
    quiet(t);
    const store = new InMemorySessionStore({ onEvent: () => undefined });
    const heard: Heard = { events: [], errors: [] };
    return { store, visit: await serve(t, store, use, heard), ...heard };
  };

  test(`${adapter}: an answer by hand leaves a session that was only read alone`, async (t) => {
    const { visit, errors, events } = await scene(t, (session) => session.subject);
    const cookie = cookiesOf(await visit("/login"));
    for (const sent of ["", cookie]) {
      const response = await visit("/by-hand", sent);
      assert.deepEqual([response.status, await response.text()], [200, "by hand"]);
    }
    assert.deepEqual([errors, events], [[], []]);
  });

  test(`${adapter}: a session that was changed under an answer by hand is an error, and nothing is saved`, async (t) => {
    const { visit, store, errors, events } = await scene(t, (session) => session.login("ada"));
    await visit("/by-hand").catch(() => undefined);
    const [error] = errors;
    assert.ok(error instanceof SessionError);
    assert.equal(error.code, "ERR_SESSION_COMMITTED");
    assert.match(error.message, /by hand/);
    assert.deepEqual([errors.length, events, store.size], [1, ["save-failed"], 0]);
  });

  test(`${adapter}: a session that ended under an answer by hand is dead`, async (t) => {
    const { visit, store, errors, events } = await scene(t, (session) => {
      session.logout();
      session.set("a", 1);
    });
    const cookie = cookiesOf(await visit("/login"));
    await visit("/by-hand", cookie).catch(() => undefined);
    assert.deepEqual([errors.length, events], [1, ["save-failed"]]);
    assert.equal(store.size, 1, "what remembers the end, and nothing new");
    const again = await visit("/login", cookie);
    assert.notEqual(cookiesOf(again), "", "a stranger's login");
  });
}

test("H3: a changed session under an answer by hand that has not left yet is answered with the error", async (t) => {
  const store = new InMemorySessionStore({ onEvent: () => undefined });
  const app = new H3({ silent: true })
    .use(h3Sessions(store, { onEvent: () => undefined }))
    .get("/", (event) => {
      event.context.session.login("ada");
      return fromNodeHandler((_, res) => void setImmediate(() => res.end("late")))(event);
    });
  const response = await get(await listenOn(t, createServer(toNodeHandler(app))));
  assert.deepEqual([response.status, response.headers.getSetCookie(), store.size], [500, [], 0]);
});

test("Hono: the answer that all requests share is never written to", async () => {
  const store = new InMemorySessionStore({ onEvent: () => undefined });
  const app = new Hono().use(honoSessions(store)).get("/", (c) => {
    void c.get("session").subject;
    return RESPONSE_ALREADY_SENT;
  });
  await app.request("/");
  assert.deepEqual([...RESPONSE_ALREADY_SENT.headers.keys()], ["x-hono-already-sent"]);
});

test("H3: an upgrade to a WebSocket keeps its hooks, and with a changed session it is an error", async () => {
  const errors: unknown[] = [];
  const store = new InMemorySessionStore({ onEvent: () => undefined });
  const hooks = { message: () => undefined };
  const socket = defineWebSocketHandler(hooks);
  const app = new H3({ silent: true, onError: ({ cause }) => void errors.push(cause) })
    .use(h3Sessions(store, { onEvent: () => undefined }))
    .get("/read", (event) => {
      void event.context.session.subject;
      return socket(event);
    })
    .get("/change", (event) => {
      event.context.session.set("a", 1);
      return socket(event);
    });
  const headers = { upgrade: "websocket" };
  const read = await app.request("/read", { headers });
  assert.equal(Reflect.get(read, "crossws"), hooks);
  const changed = await app.request("/change", { headers });
  assert.deepEqual([changed.status, store.size], [500, 0]);
  assert.ok(errors[0] instanceof SessionError && errors[0].code === "ERR_SESSION_COMMITTED");
  // Without an upgrade it is an answer like any other.
  const plain = await app.request("/change");
  assert.deepEqual([plain.status, plain.headers.getSetCookie().length], [426, 1]);
});
