import assert from "node:assert/strict";
import { createServer, type ServerResponse } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { type TestContext, test } from "node:test";
import express, { type ErrorRequestHandler } from "express";
import fastify from "fastify";
import {
  MemorySessionRepository,
  ServerSessionStore,
  type Session,
  type SessionEvent,
  type SessionRecord,
  type SessionRepository,
} from "keepsake";
import { sessions as expressSessions } from "keepsake/adapters/express";
import { sessions as fastifySessions } from "keepsake/adapters/fastify";
import { sessions as koaSessions } from "keepsake/adapters/koa";
import { sessions as nodeSessions } from "keepsake/adapters/node";
import Koa from "koa";
import { cookieNames, cookiesOf, getByHttp2, listenOn } from "./node-kit.test.ts";

// Something before sessions() answers by hand while the store is asked, as a limit of a request's time does.

type Step = (verb: "read" | "write", response: ServerResponse) => Promise<unknown>;
type Use = (session: Session) => unknown;

interface Scene {
  /** What takes place before the database answers: by default nothing. */
  step: Step;
  /** What the handler does, before it answers with `done`. */
  use: Use;
  response: ServerResponse | undefined;
  readonly store: ServerSessionStore;
  readonly events: SessionEvent[];
  /** What the framework's handler of errors was given. */
  readonly errors: unknown[];
  /** Called when the handler, or what it was to answer, is through. */
  over(): void;
  whenOver: Promise<void>;
}

function newScene(): Scene {
  const memory = new MemorySessionRepository();
  const events: SessionEvent[] = [];
  const asked = async (verb: "read" | "write"): Promise<void> => {
    if (scene.response !== undefined) await scene.step(verb, scene.response);
  };
  const repository: SessionRepository = {
    capabilities: memory.capabilities,
    create: async (handle: string, record: SessionRecord, context) => {
      await asked("write");
      return memory.create(handle, record, context);
    },
    read: async (handle, context) => {
      await asked("read");
      return memory.read(handle, context);
    },
    update: async (handle, version, record, context) => {
      await asked("write");
      return memory.update(handle, version, record, context);
    },
    touch: async (...args) => memory.touch(...args),
    delete: async (handle) => memory.delete(handle),
  };
  const { promise, resolve } = Promise.withResolvers<void>();
  const scene: Scene = {
    step: async () => undefined,
    use: () => undefined,
    response: undefined,
    store: new ServerSessionStore(repository, { onEvent: () => undefined }),
    events,
    errors: [],
    over: resolve,
    whenOver: promise,
  };
  return scene;
}

type Ask = (cookie?: string) => Promise<Response>;
type Serve = (t: TestContext, scene: Scene) => Promise<Ask>;

const over =
  (url: string): Ask =>
  (cookie = "") =>
    fetch(url, { headers: { cookie }, signal: AbortSignal.timeout(20_000) });

const options = (scene: Scene) => ({
  onEvent: (event: SessionEvent) => void scene.events.push(event),
});

const adapters: Record<string, Serve> = {
  async Node(t, scene) {
    const withSession = nodeSessions(scene.store, {
      ...options(scene),
      onError(error, _, res) {
        scene.errors.push(error);
        if (!res.headersSent) res.end("sorry");
        scene.over();
      },
    });
    const handle = withSession((req, res) => {
      scene.use(req.session);
      res.end("done");
      scene.over();
    });
    const server = createServer((req, res) => {
      scene.response = res;
      handle(req, res);
    });
    return over(await listenOn(t, server));
  },
  async Express(t, scene) {
    const late: ErrorRequestHandler = (error, _req, res, _next) => {
      scene.errors.push(error);
      if (!res.headersSent) res.status(error.status).send("sorry");
      scene.over();
    };
    const app = express()
      .use((_req, res, next) => {
        scene.response = res;
        next();
      })
      .use(expressSessions(scene.store, options(scene)))
      .use((req, res) => {
        scene.use(req.session);
        res.end("done");
        scene.over();
      })
      .use(late);
    return over(await listenOn(t, createServer(app)));
  },
  async Koa(t, scene) {
    const app = new Koa();
    app.on("error", (error: unknown) => scene.errors.push(error));
    app
      .use(async (ctx, next) => {
        scene.response = ctx.res;
        await next().finally(scene.over);
      })
      .use(koaSessions(scene.store, options(scene)))
      .use((ctx) => {
        scene.use(ctx.session);
        ctx.body = "done";
      });
    return over(await listenOn(t, createServer(app.callback())));
  },
  async Fastify(t, scene) {
    const app = fastify({ forceCloseConnections: true });
    app.addHook("onRequest", async (_, reply) => {
      scene.response = reply.raw;
    });
    app.setErrorHandler((error, _, reply) => {
      scene.errors.push(error);
      scene.over();
      return reply.send("sorry");
    });
    app.register(fastifySessions(scene.store, options(scene)));
    app.get("/", async (request) => {
      scene.use(request.session);
      setImmediate(scene.over);
      return "done";
    });
    t.after(() => app.close());
    return over(await app.listen({ port: 0, host: "127.0.0.1" }));
  },
};

/** Answers by hand once the database is asked. */
const answerWhen =
  (asked: "read" | "write"): Step =>
  async (verb, response) => {
    if (verb !== asked || response.headersSent) return;
    response.statusCode = 504;
    await new Promise<void>((resolve) => void response.end("too late", resolve));
  };

const LATE = answerWhen("read");

const turns = async () => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

for (const [adapter, serve] of Object.entries(adapters)) {
  /** A visitor with a session, whose next request is answered by hand while the session is loaded. */
  const lateScene = async (t: TestContext, use: Use, step = LATE) => {
    t.mock.method(console, "error", () => undefined);
    const scene = newScene();
    const ask = await serve(t, scene);
    scene.use = (session) => session.set("a", 1);
    const cookie = cookiesOf(await ask());
    assert.notEqual(cookie, "");
    scene.whenOver = new Promise((resolve) => {
      scene.over = resolve;
    });
    Object.assign(scene, { use, step });
    const response = await ask(cookie);
    assert.deepEqual([response.status, await response.text()], [504, "too late"]);
    // Where the load fails no handler runs.
    if (step === LATE) await scene.whenOver;
    await turns();
    scene.step = async () => undefined;
    const see = async (): Promise<unknown> => {
      let found: unknown;
      scene.use = (session) => {
        found = [session.isNew, session.toObject()];
      };
      await ask(cookie);
      return found;
    };
    return { scene, see };
  };

  test(`${adapter}: a load that fails after the answer is an error for whoever handles those, and for nobody else`, async (t) => {
    const { scene } = await lateScene(
      t,
      () => assert.fail(),
      async (verb, response) => {
        await answerWhen("read")(verb, response);
        throw new Error("down");
      },
    );
    const codes = scene.errors.map((error) => error instanceof Error && Reflect.get(error, "code"));
    assert.deepEqual(codes, adapter === "Fastify" ? [] : ["ERR_SESSION_STORE"]);
  });

  test(`${adapter}: an answer by hand while a login is being saved has its token`, async (t) => {
    t.mock.method(console, "error", () => undefined);
    const scene = newScene();
    const ask = await serve(t, scene);
    scene.use = (session) => session.login("ada");
    scene.step = async (verb, response) => {
      await turns();
      // Of Node and Express the handler's own answer has begun by now.
      if (verb === "write" && !response.headersSent) response.end("too late");
    };
    const response = await ask();
    assert.deepEqual(cookieNames(response), ["__Host-session"]);
    assert.match(response.headers.get("vary") ?? "", /cookie/i);
    assert.equal(response.headers.get("cache-control"), "no-store");
    scene.step = async () => undefined;
    let subject: unknown;
    scene.use = (session) => {
      subject = session.subject;
    };
    await ask(cookiesOf(response));
    assert.equal(subject, "ada");
  });

  // It runs no handler for a request that has its answer.
  if (adapter === "Fastify") continue;

  test(`${adapter}: a session that is read after the answer is left alone`, async (t) => {
    const { scene, see } = await lateScene(t, (session) => session.get("a"));
    assert.deepEqual(scene.events, []);
    assert.deepEqual(await see(), [false, { a: 1 }]);
  });

  test(`${adapter}: a change after the answer is not saved, and the operator is told`, async (t) => {
    const { scene, see } = await lateScene(t, (session) => session.set("a", 2));
    const told = scene.events.map(({ type }) => type);
    assert.deepEqual(told, ["save-failed"]);
    assert.deepEqual(await see(), [false, { a: 1 }]);
  });

  test(`${adapter}: a logout after the answer ends the session, and the operator is told that its cookie is still there`, async (t) => {
    const { scene, see } = await lateScene(t, (session) => session.logout());
    const told = scene.events.map(({ type }) => type);
    assert.deepEqual(told, ["save-failed"]);
    assert.deepEqual(await see(), [true, {}]);
  });
}

test("Node, over HTTP/2: a session that is used after the answer ends nothing", async (t) => {
  const scene = newScene();
  const withSession = nodeSessions(scene.store, options(scene));
  const handle = withSession((req, res) => {
    scene.use(req.session);
    res.end("done");
  });
  const server = createHttp2Server((req, res) => {
    Object.assign(scene, { response: res });
    Reflect.apply(handle, undefined, [req, res]);
  });
  const url = await listenOn(t, server);
  scene.use = (session) => session.set("a", 1);
  scene.step = LATE;
  const cookie = `__Host-session=${"A".repeat(22)}.${"A".repeat(43)}`;
  assert.equal((await getByHttp2(t, url, "/", { cookie })).status, 504);
  await turns();
  assert.deepEqual(
    scene.events.map(({ type }) => type),
    ["save-failed"],
  );
});
