/** What the tests of revocation share; it has no tests of its own. */
import {
  CookieSessionStore,
  type CookieSessionStoreOptions,
  MemorySessionRepository,
  type RepositoryRevocationOptions,
  type Revocation,
  repositoryRevocation,
  type SessionEvent,
  type SessionRepository,
  type SessionStore,
} from "keepsake";
import { type Any, Jar, type Loose, requestOf, SECRET, Time, Visitor } from "./kit.test.ts";

export const NAME = "__Host-session";
export const IDLE = 1000;
export const ABSOLUTE = 10_000;

export interface Scene {
  readonly time: Time;
  readonly events: SessionEvent[];
  readonly repository: SessionRepository;
  readonly store: CookieSessionStore<Any>;
  /** Another store over the same repository, as in another process. */
  another(options?: RepositoryRevocationOptions & StoreOptions): CookieSessionStore<Any>;
  /** A store with a revocation of the test's own. */
  with(revocation: CookieSessionStoreOptions["revocation"], more?: StoreOptions): Store;
}

type Store = CookieSessionStore<Any>;
type StoreOptions = Pick<CookieSessionStoreOptions, "timeout" | "idleTimeout" | "absoluteTimeout">;

export function scene(repository: SessionRepository = new MemorySessionRepository()): Scene {
  const time = new Time();
  const events: SessionEvent[] = [];
  const onEvent = (event: SessionEvent) => void events.push(event);
  const base = {
    secret: SECRET,
    clock: time.clock,
    idleTimeout: IDLE,
    absoluteTimeout: ABSOLUTE,
    onEvent,
  };
  const another: Scene["another"] = ({ timeout, idleTimeout, absoluteTimeout, ...options } = {}) =>
    new CookieSessionStore<Any>({
      ...base,
      ...(timeout === undefined ? {} : { timeout }),
      ...(idleTimeout === undefined ? {} : { idleTimeout }),
      ...(absoluteTimeout === undefined ? {} : { absoluteTimeout }),
      revocation: repositoryRevocation(repository, { onEvent, ...options }),
    });
  return {
    time,
    events,
    repository,
    store: another(),
    another,
    with: (revocation, more = {}) =>
      new CookieSessionStore<Any>({ ...base, ...more, ...(revocation && { revocation }) }),
  };
}

/** A revocation, and what it was asked. `answer` decides; it may throw, or give a promise. */
export interface Recording extends Revocation {
  readonly asked: string[];
  readonly revoked: [string, number][];
  answer: () => Any;
}

export function recording(cacheFor = 5): Recording {
  const recorded: Recording = {
    cacheFor,
    asked: [],
    revoked: [],
    answer: () => false,
    isRevoked({ id }) {
      recorded.asked.push(id);
      return recorded.answer();
    },
    revoke(id, until) {
      recorded.revoked.push([id, until]);
    },
  };
  return recorded;
}

/** A visitor with a session that `act` has made. */
export async function visitorOf(
  store: SessionStore<Any>,
  act: (session: Loose) => unknown = (session) => session.set("a", 1),
) {
  const visitor = new Visitor(store);
  const { session } = await visitor.visit(act);
  return { visitor, id: session.id, cookie: visitor.jar.header ?? "" };
}

export const loggedIn = (store: Store, subject = "ada") =>
  visitorOf(store, (session) => {
    session.login(subject);
    session.set("a", 1);
  });

/** Whether a cookie opens a session. */
export async function opens(store: Store, cookie: string): Promise<boolean> {
  return !(await store.load(requestOf({ cookie }))).isNew;
}

export interface Flight {
  readonly session: Loose;
  /** Saves, and gives the cookies that the response sets. */
  finish(): Promise<readonly string[]>;
}

/** A request that is loaded now and saved when `finish` is called. */
export async function inFlight(store: SessionStore<Any>, cookie: string): Promise<Flight> {
  const request = requestOf({ cookie });
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

/** The jar of a browser that has kept this cookie, whatever became of the session. */
export function thief(store: Store, cookie: string): Visitor {
  const jar = new Jar();
  for (const pair of cookie.split("; ")) jar.store(`${pair}; Path=/; Secure`);
  return new Visitor(store, jar);
}
