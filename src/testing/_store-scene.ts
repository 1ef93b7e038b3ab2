import { SessionError, type SessionErrorCode } from "../core/errors.ts";
import type { SessionEvent } from "../core/events.ts";
import type { Eventually } from "../core/promises.ts";
import type { SessionRecord, SessionRepository } from "../core/repository.ts";
import type { ServerSessionStoreOptions } from "../core/server/options.ts";
import { ServerSessionStore } from "../core/server-session-store.ts";
import type { Session } from "../core/session.ts";
import { NOW, type RepositoryCase, type RepositoryScene } from "./_repository-scene.ts";
import { CheckFailed, equal, ok } from "./check.ts";
import { CookieJar } from "./cookie-jar.ts";
import { type FakeClock, fakeClock } from "./fake-clock.ts";

/** What sessions of these cases hold: whatever they are told to. */
export type Data = Record<string, unknown>;
export type TestedSession = Session<Data>;

type Verb = "create" | "read" | "update" | "touch" | "delete" | "findBySubject" | "sweep";

/** Seconds. Long, so that no database removes by its own clock what a case still needs. */
export const IDLE = 36_000;
export const ABSOLUTE = 360_000;

const NAME = "__Host-session";

/**
 * What a case works with: stores over the repository under test, by a clock that the case moves. What they ask of the
 * repository is counted, and can be made to fail.
 */
export class StoreScene {
  readonly clock: FakeClock = fakeClock(NOW);
  readonly events: SessionEvent[] = [];
  /** What was asked of the repository, in order. */
  readonly calls: Verb[] = [];
  readonly #scene: RepositoryScene;
  readonly #repository: SessionRepository;
  readonly #handles = new Set<string>();
  #fault: (() => unknown) | undefined;

  constructor(scene: RepositoryScene) {
    this.#scene = scene;
    this.#repository = this.#watched(scene.repository);
  }

  /** Whether several stores may write to the repository at the same time. */
  get isAtomic(): boolean {
    return this.#repository.capabilities.atomic;
  }

  newSubject(): string {
    return this.#scene.newSubject();
  }

  /** A store over the repository; several are what several processes have. */
  newStore(options: ServerSessionStoreOptions = {}): ServerSessionStore<Data> {
    return new ServerSessionStore<Data>(this.#repository, {
      clock: this.clock,
      idleTimeout: IDLE,
      absoluteTimeout: ABSOLUTE,
      // A database far away may need more than the default for fifty writes, one after another.
      timeout: 60,
      // It would be a sweep of all that the database has.
      sweepInterval: false,
      onEvent: (event) => void this.events.push(event),
      ...options,
    });
  }

  /** A client with a cookie jar, of a store of its own unless one is given. */
  newClient(store: ServerSessionStore<Data> = this.newStore()): StoreClient {
    return new StoreClient(store, this.clock);
  }

  /** From now on the repository does this instead of what it is asked; without an argument, again what it is asked. */
  fail(fault?: () => unknown): void {
    this.#fault = fault;
  }

  /** The records of all sessions that the case has made, as far as they are there. */
  async records(): Promise<SessionRecord[]> {
    const records = await Promise.all(
      [...this.#handles].map((handle) => this.#scene.read(handle, this.clock())),
    );
    return records.filter((record) => record !== undefined);
  }

  #watched(inner: SessionRepository): SessionRepository {
    const watch = <Result>(verb: Verb, act: () => Eventually<Result>): Eventually<Result> => {
      this.calls.push(verb);
      // Whatever that is: the store has to see to it.
      return this.#fault === undefined ? act() : (this.#fault() as Eventually<Result>);
    };
    const { findBySubject } = inner;
    return {
      capabilities: inner.capabilities,
      create: (handle, ...rest) => {
        this.#handles.add(handle);
        this.#scene.willClear(handle);
        return watch("create", () => inner.create(handle, ...rest));
      },
      read: (...args) => watch("read", () => inner.read(...args)),
      update: (...args) => watch("update", () => inner.update(...args)),
      touch: (...args) => watch("touch", () => inner.touch(...args)),
      delete: (...args) => watch("delete", () => inner.delete(...args)),
      ...(findBySubject === undefined
        ? {}
        : {
            findBySubject: (...args) =>
              watch("findBySubject", () => findBySubject.call(inner, ...args)),
          }),
    };
  }
}

/** A browser that sends the cookie it has, and keeps the one it is sent. */
export class StoreClient {
  readonly store: ServerSessionStore<Data>;
  readonly jar: CookieJar;

  constructor(store: ServerSessionStore<Data>, clock: FakeClock) {
    this.store = store;
    this.jar = new CookieJar(clock);
  }

  get token(): string | undefined {
    return this.jar.get(NAME);
  }

  /** A request that has been loaded, and is yet to be saved. */
  begin(store: ServerSessionStore<Data> = this.store): Promise<Flight> {
    return Flight.begin(store, this.token);
  }

  /** A whole request, whose answer the browser gets. */
  async visit(
    act: (session: TestedSession) => unknown = (session) => session.size,
  ): Promise<Flight> {
    const flight = await this.begin();
    await act(flight.session);
    await flight.save();
    this.receive(flight);
    return flight;
  }

  receive(flight: Flight): void {
    this.jar.store(flight.response);
  }

  /** What the next request finds. */
  async data(): Promise<Data> {
    let data: Data = {};
    await this.visit((session) => {
      data = session.toObject();
    });
    return data;
  }

  async subject(): Promise<string | undefined> {
    return (await this.visit()).session.subject;
  }
}

/** A request between loading and saving. */
export class Flight {
  readonly session: TestedSession;
  readonly response: { readonly headers: Headers } = { headers: new Headers() };
  readonly #request: { readonly headers: Headers };
  readonly #store: ServerSessionStore<Data>;

  private constructor(
    store: ServerSessionStore<Data>,
    request: { readonly headers: Headers },
    session: TestedSession,
  ) {
    this.#store = store;
    this.#request = request;
    this.session = session;
  }

  static async begin(store: ServerSessionStore<Data>, token: string | undefined): Promise<Flight> {
    const request = {
      headers: new Headers(token === undefined ? {} : { cookie: `${NAME}=${token}` }),
    };
    return new Flight(store, request, await store.load(request));
  }

  async save(): Promise<void> {
    return this.#store.save(this.#request, this.response, this.session);
  }

  /** Saves, and gives the code of the error that it fails with. */
  async outcome(): Promise<SessionErrorCode | "saved"> {
    return codeOf(this.save());
  }

  get cookies(): string[] {
    return this.response.headers.getSetCookie();
  }
}

/** The session's error that a promise fails with; "saved" where it does not. */
export async function codeOf(promise: Promise<unknown>): Promise<SessionErrorCode | "saved"> {
  try {
    await promise;
    return "saved";
  } catch (error) {
    if (error instanceof SessionError) return error.code;
    throw new CheckFailed(`an error that is no SessionError: ${String(error)}`);
  }
}

/** Saves a request, which must fail like this, and carry no cookie. */
export async function expectRefused(
  flight: Flight,
  code: SessionErrorCode,
  what: string,
): Promise<void> {
  equal(await flight.outcome(), code, what);
  equal(flight.cookies, [], `the cookies of a change that failed, ${what}`);
}

/** Whether a token opens a session now. */
export async function opens(
  store: ServerSessionStore<Data>,
  token: string | undefined,
): Promise<boolean> {
  return !(await Flight.begin(store, token)).session.isNew;
}

export async function expectDead(
  store: ServerSessionStore<Data>,
  token: string | undefined,
  what: string,
): Promise<void> {
  ok(token !== undefined, `there is a token, ${what}`);
  ok(!(await opens(store, token)), `${what}: the token still opens the session`);
}

/** So many requests of a client, loaded at the same time, by turns of several stores. */
export function beginMany(
  client: StoreClient,
  count: number,
  stores: readonly ServerSessionStore<Data>[] = [client.store],
): Promise<Flight[]> {
  const indexes = Array.from({ length: count }, (_, index) => index);
  return Promise.all(indexes.map((index) => client.begin(stores[index % stores.length])));
}

/** Lets so many others go first. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
}

/** A case about a store, over the repository under test. */
export function storeCase(
  name: string,
  act: (scene: StoreScene) => Promise<void>,
  needs?: "findBySubject",
): RepositoryCase {
  const run = (scene: RepositoryScene) => act(new StoreScene(scene));
  return needs === undefined ? [name, run] : [name, run, needs];
}
