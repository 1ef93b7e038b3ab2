import { ServerSessionStore, type Session, type SessionStore } from "keepsake";
import { formField } from "keepsake/anti-forgery";

/** The probe's sessions hold whatever they are told to. */
export type ProbeData = Record<string, unknown>;

/** A request, as every framework can give it. */
export interface ProbeCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly session: Session<ProbeData>;
  /** What the session came from. */
  readonly store: SessionStore<ProbeData>;
  /** The body as text. */
  body(): Promise<string>;
}

/** An answer, for a framework to write in its own idiom. */
export interface ProbeAnswer {
  readonly status: number;
  /** A list is sent as a header of several lines. */
  readonly headers?: Record<string, string | string[]>;
  /** The headers of a 103 that goes before the answer, where the platform has such. */
  readonly earlyHints?: Record<string, string>;
  readonly body?: string | AsyncIterable<string>;
}

type Route = (call: ProbeCall) => ProbeAnswer | Promise<ProbeAnswer>;

const TEXT = { "content-type": "text/plain; charset=utf-8" };
const JSON_TYPE = { "content-type": "application/json; charset=utf-8" };

const done = (status = 204): ProbeAnswer => ({ status });
const text = (body: string | AsyncIterable<string>, status = 200): ProbeAnswer => ({
  status,
  headers: TEXT,
  body,
});
const json = (value: unknown): ProbeAnswer => ({
  status: 200,
  headers: JSON_TYPE,
  body: JSON.stringify(value),
});
const HTML = { "content-type": "text/html; charset=utf-8" };

const wait = async (ms: number): Promise<void> => {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
};

function parameter({ query }: ProbeCall, name: string): string {
  const value = query.get(name);
  if (value === null) throw new Error(`the parameter ${name} is missing`);
  return value;
}

/** Sets `key` to `value`, where the request names a key. */
function setFromQuery({ query, session }: ProbeCall): void {
  const key = query.get("key");
  if (key !== null) session.set(key, query.get("value") ?? "set");
}

async function* ticking(count: number): AsyncGenerator<string> {
  for (let tick = 1; tick <= count; tick += 1) {
    if (tick > 1) await wait(20);
    yield `chunk ${tick}\n`;
  }
}

async function* changingLate(call: ProbeCall): AsyncGenerator<string> {
  yield "first\n";
  await wait(20);
  try {
    setFromQuery(call);
    yield "changed\n";
  } catch (error) {
    yield `error: ${codeOf(error)}`;
  }
}

/** How many streams without an end are open. */
let endless = 0;

/** A body that ends when the client goes. */
async function* tickingForEver(): AsyncGenerator<string> {
  endless += 1;
  try {
    for (let tick = 1; ; tick += 1) {
      yield `chunk ${tick}\n`;
      await wait(5);
    }
  } finally {
    endless -= 1;
  }
}

async function* events(count: number): AsyncGenerator<string> {
  for await (const tick of ticking(count)) yield `data: ${tick}\n`;
}

type Administer = (
  store: ServerSessionStore<ProbeData>,
  subject: string | undefined,
  call: ProbeCall,
) => ProbeAnswer | Promise<ProbeAnswer>;

/** A route for the sessions of the caller's subject. A sealed cookie knows of no session but itself. */
function administration(act: Administer): Route {
  return (call) =>
    call.store instanceof ServerSessionStore
      ? act(call.store, call.session.subject, call)
      : text("this store keeps no list of sessions", 501);
}

/** What an error is called in an answer. */
export function codeOf(error: unknown): string {
  if (error instanceof Error) return "code" in error ? String(error.code) : error.name;
  return String(error);
}

/** The status of an answer to an error. */
export function statusOf(error: unknown): number {
  const status = error instanceof Error && "status" in error ? Number(error.status) : 500;
  return status >= 400 && status < 600 ? status : 500;
}

const routes: Record<string, Route> = {
  "GET /healthz": () => text("ok"),
  "GET /read": ({ session }) =>
    json({
      data: session.toObject(),
      id: session.id,
      isNew: session.isNew,
      subject: session.subject ?? null,
      createdAt: session.createdAt,
      expiresAt: session.expiresAt,
    }),
  "GET /count": async ({ session, query }) => {
    await wait(Number(query.get("delay") ?? 0));
    session.modify("count", (count) => (typeof count === "number" ? count : 0) + 1);
    return json({ count: session.get("count") });
  },
  "POST /set": async (call) => {
    await wait(Number(call.query.get("delay") ?? 0));
    call.session.update(JSON.parse(await call.body()));
    return done();
  },
  "POST /push": (call) => {
    const key = parameter(call, "key");
    const list = call.session.get(key);
    if (Array.isArray(list)) list.push(parameter(call, "value"));
    else call.session.set(key, [parameter(call, "value")]);
    return done();
  },
  "POST /delete": (call) => {
    call.session.delete(parameter(call, "key"));
    return done();
  },
  "POST /clear": ({ session }) => {
    session.clear();
    return done();
  },
  "POST /login": async (call) => {
    await wait(Number(call.query.get("delay") ?? 0));
    const keep = (call.query.get("keep") ?? "").split(",").filter((key) => key !== "");
    call.session.login(parameter(call, "user"), { keep });
    return json({ id: call.session.id, subject: call.session.subject });
  },
  "POST /logout": ({ session, query }) => {
    session.logout();
    const size = query.get("size");
    if (size !== null) session.set("large", "x".repeat(Number(size)));
    return done(Number(query.get("status") ?? 204));
  },
  "POST /regenerate": ({ session }) => {
    session.regenerate();
    return done();
  },
  "POST /destroy": ({ session }) => {
    session.destroy();
    return done();
  },
  "POST /flash": (call) => {
    call.session.flash(parameter(call, "key"), parameter(call, "value"));
    return done();
  },
  "GET /redirect": (call) => {
    setFromQuery(call);
    return { status: 302, headers: { location: "/read" } };
  },
  "GET /stream": (call) => {
    setFromQuery(call);
    return text(ticking(5));
  },
  "GET /late": (call) => text(changingLate(call)),
  "GET /throw": (call) => {
    setFromQuery(call);
    throw new Error("the handler failed");
  },
  "GET /status": (call) => {
    setFromQuery(call);
    return done(Number(call.path.split("/")[2]));
  },
  "GET /own-cookie": (call) => {
    setFromQuery(call);
    return { ...text("ok"), headers: { ...TEXT, "set-cookie": "own=1; Path=/" } };
  },
  "GET /own-cookies": (call) => {
    setFromQuery(call);
    const cookies = ["own=1; Path=/", "other=a, b; Path=/"];
    return { ...text("ok"), headers: { ...TEXT, "set-cookie": cookies, "x-list": ["a", "b"] } };
  },
  "GET /hints": (call) => {
    setFromQuery(call);
    return { ...text("ok"), earlyHints: { link: "</style.css>; rel=preload; as=style" } };
  },
  "GET /events": (call) => {
    setFromQuery(call);
    return { status: 200, headers: { "content-type": "text/event-stream" }, body: events(3) };
  },
  "GET /endless": (call) => {
    setFromQuery(call);
    return text(tickingForEver());
  },
  "GET /endless-open": () => json({ open: endless }),
  "GET /public": (call) => {
    setFromQuery(call);
    const forever = "public, max-age=60";
    return {
      ...text("ok"),
      headers: { ...TEXT, "cache-control": forever, "cdn-cache-control": forever },
    };
  },
  "GET /state": ({ session }) => json({ isEmpty: session.isEmpty, pending: session.pending }),
  "GET /large": (call) => {
    call.session.set("large", "x".repeat(Number(parameter(call, "size"))));
    return text("ok");
  },
  "GET /unstorable": ({ session }) => {
    session.set("list", []);
    const list = session.get("list");
    if (Array.isArray(list)) list.push(1n);
    return text("ok");
  },
  // A stranger's request is one of a user without any session: it lists none, finds none to revoke, and has no others.
  "GET /sessions": administration(async (store, subject, { session }) => {
    const sessions = subject === undefined ? [] : await store.list(subject);
    return json(
      sessions.map(({ id, label = null, createdAt, lastUsedAt, expiresAt }) => ({
        id,
        label,
        createdAt,
        lastUsedAt,
        expiresAt,
        ...(id === session.id ? { current: true } : {}),
      })),
    );
  }),
  "POST /revoke": administration(async (store, subject, call) => {
    const id = parameter(call, "id");
    const isRevoked = subject !== undefined && (await store.revoke(id, { subject }));
    return isRevoked ? done() : text("no such session of yours", 404);
  }),
  "POST /revoke-others": administration(async (store, subject, { session }) => {
    if (subject !== undefined) await store.revokeAll(subject, { except: session.id });
    return done();
  }),
  "GET /form": ({ session }) => ({
    status: 200,
    headers: HTML,
    body: `<!doctype html><title>form</title><form method="post" action="/form">${formField(session)}<button>send</button></form>`,
  }),
  ...Object.fromEntries(
    ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "PROPFIND"].map((method) => [
      `${method} /form`,
      () => done(),
    ]),
  ),
};

/** Answers a request. What the handler throws is thrown: a framework has its own way with errors. */
export function answer(call: ProbeCall): ProbeAnswer | Promise<ProbeAnswer> {
  const method = call.method === "HEAD" ? "GET" : call.method;
  const path = call.path.startsWith("/status/") ? "/status" : call.path;
  const route = routes[`${method} ${path}`];
  return route === undefined ? text("no such route", 404) : route(call);
}
