import assert from "node:assert/strict";
import { test } from "node:test";
import { InMemorySessionStore, type Session, SessionError } from "keepsake";
import { sessions } from "keepsake/adapters/fetch";

// Real upgrades to WebSockets, as far as a Fetch handler has to do with them: on Bun, Deno and workerd.

interface Data {
  a: number;
}

type Use = (session: Session<Data>) => unknown;

interface Runtime {
  readonly Bun?: {
    serve(options: object): { readonly port: number; stop(force: boolean): Promise<void> };
  };
  readonly Deno?: {
    serve(
      options: object,
      handler: (request: Request) => Promise<Response>,
    ): { readonly addr: { readonly port: number }; shutdown(): Promise<void> };
    upgradeWebSocket(request: Request): { readonly socket: WebSocket; readonly response: Response };
  };
  readonly WebSocketPair?: new () => readonly [object, WebSocket & { accept(): void }];
}

const { Bun, Deno, WebSocketPair }: Runtime = globalThis as object;

interface Served {
  readonly port: number;
  stop(): Promise<void>;
}

interface BunServer {
  upgrade(request: Request, options: { readonly data: string }): boolean;
}

type WithSession = ReturnType<typeof sessions<Data>>;

/** Serves an upgrade that greets with what `use` gives. */
function serve(withSession: WithSession, use: Use): Served {
  if (Bun !== undefined) {
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: withSession((request, session, bun: BunServer) => {
        if (bun.upgrade(request, { data: String(use(session)) })) return undefined;
        return new Response("no upgrade", { status: 400 });
      }),
      websocket: {
        open: (socket: { readonly data: string; send(text: string): void }) =>
          socket.send(socket.data),
        message: () => undefined,
      },
    });
    return { port: server.port, stop: () => server.stop(true) };
  }
  assert.ok(Deno);
  const { upgradeWebSocket } = Deno;
  const sockets: WebSocket[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => undefined },
    withSession((request, session) => {
      const text = String(use(session));
      const { socket, response } = upgradeWebSocket(request);
      sockets.push(socket);
      socket.onopen = () => socket.send(text);
      return response;
    }),
  );
  return {
    port: server.addr.port,
    async stop() {
      for (const socket of sockets) socket.close();
      await server.shutdown();
    },
  };
}

/** The first message of a server; `undefined` where there is no upgrade. */
async function greeting(port: number): Promise<unknown> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  try {
    return await new Promise((resolve) => {
      socket.onmessage = ({ data }) => resolve(data);
      socket.onerror = () => resolve(undefined);
      socket.onclose = () => resolve(undefined);
    });
  } finally {
    socket.close();
  }
}

if (Bun !== undefined || Deno !== undefined) {
  test("a session can be read where a request is upgraded to a WebSocket", async (t) => {
    const { port, stop } = serve(sessions<Data>(new InMemorySessionStore<Data>()), (session) => {
      return `new: ${session.isNew}`;
    });
    t.after(stop);
    assert.equal(await greeting(port), "new: true");
  });

  const change: Use = (session) => session.set("a", 1);
  const withErrors = (store: InMemorySessionStore<Data>) => {
    const errors: unknown[] = [];
    const withSession = sessions<Data>(store, {
      onError(error) {
        errors.push(error);
        return new Response(null, { status: 500 });
      },
    });
    return { errors, withSession };
  };

  // Bun has sent its own answer by then.
  if (Bun !== undefined) {
    test("a session that is changed where Bun upgrades a request is an error that says so", async (t) => {
      const store = new InMemorySessionStore<Data>();
      const { errors, withSession } = withErrors(store);
      const { port, stop } = serve(withSession, change);
      t.after(stop);
      await greeting(port);
      const [error] = errors;
      assert.ok(error instanceof SessionError);
      assert.equal(error.code, "ERR_SESSION_COMMITTED");
      assert.equal(store.size, 0);
    });
  } else {
    test("a session that is changed where Deno upgrades a request is saved", async (t) => {
      const store = new InMemorySessionStore<Data>();
      const { errors, withSession } = withErrors(store);
      const { port, stop } = serve(withSession, change);
      t.after(stop);
      assert.equal(await greeting(port), "undefined");
      assert.deepEqual(errors, []);
      assert.equal(store.size, 1);
    });
  }
}

if (WebSocketPair !== undefined) {
  const upgrade = (use: Use) =>
    sessions<Data>(new InMemorySessionStore<Data>())((_, session) => {
      use(session);
      const [webSocket, server] = new WebSocketPair();
      server.accept();
      const init: ResponseInit & { readonly webSocket: object } = { status: 101, webSocket };
      return new Response(null, init);
    })(new Request("http://localhost/", { headers: { upgrade: "websocket" } }));

  test("an upgrade keeps its socket, and carries the token of a session that was changed", async () => {
    const read = await upgrade((session) => session.isNew);
    assert.ok("webSocket" in read && read.webSocket);
    assert.deepEqual(read.headers.getSetCookie(), []);
    const changed = await upgrade((session) => session.set("a", 1));
    assert.ok("webSocket" in changed && changed.webSocket);
    assert.equal(changed.status, 101);
    assert.equal(changed.headers.getSetCookie().length, 1);
  });
}
