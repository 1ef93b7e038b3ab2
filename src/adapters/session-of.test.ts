import assert from "node:assert/strict";
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { test } from "node:test";
import fastify, { type FastifyRequest } from "fastify";
import { H3Event } from "h3";
import { type Context, Hono } from "hono";
import { InMemorySessionStore, Session, SessionError } from "keepsake";
import {
  sessions as expressSessions,
  sessionOf as sessionOfExpress,
} from "keepsake/adapters/express";
import {
  sessions as fastifySessions,
  sessionOf as sessionOfFastify,
} from "keepsake/adapters/fastify";
import { sessions as h3Sessions, sessionOf as sessionOfH3 } from "keepsake/adapters/h3";
import { sessions as honoSessions, sessionOf as sessionOfHono } from "keepsake/adapters/hono";
import { sessions as koaSessions, sessionOf as sessionOfKoa } from "keepsake/adapters/koa";
import { sessions as nodeSessions, sessionOf as sessionOfNode } from "keepsake/adapters/node";
import Koa, { type ExtendableContext } from "koa";

interface Options {
  readonly property?: string;
}

/** How one adapter is asked. */
interface Asked<Request extends object> {
  sessionOf(request: Request, property?: string): Session;
  /** What the session is found on, and what that is called. */
  readonly shown: string;
  owner(request: Request): object;
  /** As another library does. Default: a property of the owner. */
  put?(request: Request, session: object): void;
  readonly remedy: RegExp;
  /** Looks at a request that went through the middleware, or, without options, at one that did not. */
  run(look: (request: Request) => unknown, options?: Options): Promise<void>;
}

const store = new InMemorySessionStore({ onEvent: () => undefined });

const request = (): IncomingMessage => {
  const incoming = new IncomingMessage(new Socket());
  incoming.url = "/";
  return incoming;
};

const BEFORE_ROUTE = /Put app\.use\(sessions\(…\)\) before this route\.$/;

const missing = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof SessionError);
  assert.equal(error.code, "ERR_SESSION_MISSING");
  assert.match(error.message, message);
  return true;
};

function testAsked<Request extends object>(
  name: string,
  {
    run,
    sessionOf,
    owner,
    put = (each, session) => void Object.assign(owner(each), { session }),
    shown,
    remedy,
  }: Asked<Request>,
): void {
  test(`${name}: ERR_SESSION_MISSING names the line that is missing, and where it has to come`, async () => {
    await assert.rejects(
      run((each) => sessionOf(each)),
      missing(remedy),
    );
    await assert.rejects(
      run((each) => sessionOf(each)),
      missing(new RegExp(`^${shown.replace(".", "\\.")}\\.session is not there: `)),
    );
  });

  test(`${name}: so it is where the middleware has put the session under another name`, async () => {
    await assert.rejects(
      run((each) => sessionOf(each), { property: "admin" }),
      missing(remedy),
    );
    await assert.rejects(
      run((each) => sessionOf(each, "admin"), {}),
      missing(/sessions\(…, \{ property: "admin" \}\)/),
    );
  });

  test(`${name}: what another library has put there is no session`, async () => {
    const look = (each: Request) => {
      put(each, { cookie: {} });
      sessionOf(each);
    };
    await assert.rejects(run(look), missing(/\.session is no session of keepsake's: /));
  });

  test(`${name}: behind the middleware it is the session, under any name`, async () => {
    const found: unknown[] = [];
    await run((each) => void found.push(sessionOf(each)), {});
    await run((each) => void found.push(sessionOf(each, "admin")), { property: "admin" });
    assert.deepEqual(
      found.map((each) => each instanceof Session),
      [true, true],
    );
  });

  test(`${name}: property must be a name`, async () => {
    for (const property of ["", "admin session", 1, null]) {
      await assert.rejects(
        run(() => undefined, { property } as Options),
        {
          code: "ERR_SESSION_CONFIG",
        },
      );
    }
  });

  test(`${name}: where there is none nothing looks like one, so that other libraries are not misled`, async () => {
    await run((each) => assert.equal("session" in owner(each), false));
  });
}

testAsked<IncomingMessage>("express", {
  sessionOf: sessionOfExpress,
  shown: "req",
  owner: (req) => req,
  remedy: BEFORE_ROUTE,
  async run(look, options) {
    const req = request();
    const next = () => void look(req);
    if (options === undefined) next();
    else expressSessions(store, options)(req, new ServerResponse(req), next);
  },
});

testAsked<IncomingMessage>("node", {
  sessionOf: sessionOfNode,
  shown: "req",
  owner: (req) => req,
  remedy:
    /Put const withSession = sessions\(…\) first, and withSession\(\(req, res\) => …\) around this handler\.$/,
  async run(look, options) {
    const req = request();
    const errors: unknown[] = [];
    const onError = (error: unknown) => void errors.push(error);
    if (options === undefined) look(req);
    else nodeSessions(store, { ...options, onError })(look)(req, new ServerResponse(req));
    if (errors.length > 0) throw errors[0];
  },
});

testAsked<ExtendableContext>("koa", {
  sessionOf: sessionOfKoa,
  shown: "ctx",
  owner: (ctx) => ctx,
  remedy: /Put app\.use\(sessions\(…\)\) before this middleware\.$/,
  async run(look, options) {
    const req = request();
    const ctx = new Koa().createContext(req, new ServerResponse(req));
    const next = async () => look(ctx);
    if (options === undefined) await next();
    else await koaSessions(store, options)(ctx, next);
  },
});

testAsked<FastifyRequest>("fastify", {
  sessionOf: sessionOfFastify,
  shown: "request",
  owner: (each) => each,
  remedy:
    /Put app\.register\(sessions\(…\)\) into the part of the application that this route is in, or into one around it\.$/,
  async run(look, options) {
    const errors: unknown[] = [];
    const app = fastify();
    app.setErrorHandler((error, _request, reply) => {
      errors.push(error);
      reply.send("");
    });
    const handler = (each: FastifyRequest) => {
      look(each);
      return "done";
    };
    app.register(async (part) => {
      if (options !== undefined) await part.register(fastifySessions(store, options));
      part.get("/with", handler);
    });
    app.get("/without", handler);
    await app.inject(options === undefined ? "/without" : "/with");
    if (errors.length > 0) throw errors[0];
  },
});

testAsked<Context>("hono", {
  sessionOf: sessionOfHono,
  shown: "c.var",
  owner: (c) => c.var,
  put: (c, session) => c.set("session", session),
  remedy: BEFORE_ROUTE,
  async run(look, options) {
    const app = new Hono().onError((error) => {
      throw error;
    });
    if (options !== undefined) app.use(honoSessions(store, options));
    app.get("/", (c) => {
      look(c);
      return c.text("done");
    });
    await app.request("/");
  },
});

testAsked<H3Event>("h3", {
  sessionOf: sessionOfH3,
  shown: "event.context",
  owner: ({ context }) => context,
  remedy: BEFORE_ROUTE,
  async run(look, options) {
    const event = new H3Event(new Request("http://localhost/"));
    if (options === undefined) look(event);
    else await h3Sessions(store, options)(event, () => void look(event));
  },
});
