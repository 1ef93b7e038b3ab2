/** What the tests of the server-side store share; it has no tests of its own. */
import assert from "node:assert/strict";
import {
  MemorySessionRepository,
  ServerSessionStore,
  type ServerSessionStoreOptions,
  type SessionEvent,
  type SessionRecord,
  type SessionRepository,
} from "keepsake";
import { type Any, type Loose, requestOf, SECRET, Time, Visitor } from "../kit.test.ts";

export const NAME = "__Host-session";

export const VERBS = [
  "create",
  "read",
  "update",
  "touch",
  "delete",
  "findBySubject",
  "sweep",
] as const;
export type Verb = (typeof VERBS)[number];

export interface Call {
  readonly verb: Verb;
  readonly args: readonly Any[];
}

/** Decides what becomes of a call: `perform` does it. */
export type Around = (call: Call, perform: () => Any) => Any;

/** A repository whose calls can be watched, delayed and made to fail. */
export function around(inner: SessionRepository, act: Around): SessionRepository {
  const wrapped: Any = { capabilities: inner.capabilities };
  for (const verb of VERBS) {
    const original: Any = inner[verb];
    if (original === undefined) continue;
    wrapped[verb] = (...args: Any[]) =>
      act({ verb, args }, () => Reflect.apply(original, inner, args));
  }
  return wrapped;
}

export interface Scene {
  readonly time: Time;
  readonly store: ServerSessionStore<Any>;
  readonly memory: MemorySessionRepository;
  /** The verbs that were called, in order. */
  readonly calls: Verb[];
  readonly events: SessionEvent[];
  /** Takes part in every call from now on. */
  tap(act: Around): void;
  /** Another store over the same records, as in another process. */
  another(options?: ServerSessionStoreOptions): ServerSessionStore<Any>;
  visitor(): Visitor;
  /** What is stored of a session, expired or not. */
  record(handle: string): SessionRecord | undefined;
}

export const IDLE = 100;
export const ABSOLUTE = 1000;

export function scene(options: ServerSessionStoreOptions = {}): Scene {
  const time = new Time();
  const memory = new MemorySessionRepository();
  const calls: Verb[] = [];
  const events: SessionEvent[] = [];
  let act: Around = (_, perform) => perform();
  const repository = around(memory, (call, perform) => {
    calls.push(call.verb);
    return act(call, perform);
  });
  const another = (more: ServerSessionStoreOptions = {}) =>
    new ServerSessionStore<Any>(repository, {
      clock: time.clock,
      idleTimeout: IDLE,
      absoluteTimeout: ABSOLUTE,
      sweepInterval: false,
      onEvent: (event) => void events.push(event),
      ...options,
      ...more,
    });
  const store = another();
  return {
    time,
    store,
    memory,
    calls,
    events,
    tap(next) {
      act = next;
    },
    another,
    visitor: () => new Visitor(store),
    record: (handle) => memory.read(handle, { now: 0, signal: new AbortController().signal }),
  };
}

export interface Flight {
  readonly session: Loose;
  /** Saves, and gives the cookies that the response sets. */
  finish(): Promise<readonly string[]>;
}

/** A request that is loaded now and saved when `finish` is called. */
export async function inFlight(
  store: ServerSessionStore<Any>,
  cookie: string | null,
): Promise<Flight> {
  const request = requestOf(cookie === null ? {} : { cookie });
  const session: Loose = await store.load(request);
  const response = { headers: new Headers() };
  return {
    session,
    async finish() {
      await store.save(request, response, session);
      return response.headers.getSetCookie();
    },
  };
}

/** The `Cookie` header that a browser sends which has stored these lines and nothing else. */
export function cookieOf([line = ""]: readonly string[]): string {
  return line.split(";")[0] ?? "";
}

/** The handle and the credential in a `Cookie` header. */
export function tokenOf(cookie: string | null): { handle: string; credential: string } {
  const [, handle = "", credential = ""] = /=([\w-]{22})\.([\w-]{43})/.exec(cookie ?? "") ?? [];
  assert.notEqual(credential, "", `no token in ${cookie}`);
  return { handle, credential };
}

/** Whether a cookie opens a session. */
export async function opens(
  store: ServerSessionStore<Any>,
  cookie: string | null,
): Promise<boolean> {
  return !(await inFlight(store, cookie)).session.isNew;
}

/** Lets everything go on that waits for nothing but its turn. */
export const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** The options with which a store keeps everything in clear, and those with which it does not. */
export const BOTH = [{}, { encrypt: true, secret: SECRET }] as const;

/** A visitor with a session that holds something. */
export async function withData(stage: Scene, data: Any = { a: 1 }) {
  const visitor = stage.visitor();
  await visitor.visit((session) => session.update(data));
  return { visitor, cookie: visitor.jar.header, ...tokenOf(visitor.jar.header) };
}

/** A visitor who has just logged in. */
export async function loggedIn(stage: Scene, subject = "ada") {
  const visitor = stage.visitor();
  await visitor.visit((session) => session.login(subject));
  return { visitor, cookie: visitor.jar.header };
}

export const HOUR = 3600;
export const LONG_LIVED = { idleTimeout: 30 * 24 * HOUR, absoluteTimeout: 60 * 24 * HOUR };
