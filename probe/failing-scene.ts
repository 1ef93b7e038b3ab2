import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { ServerSessionStore, type SessionEvent, type SessionRecord } from "keepsake";
import type { ProbeData } from "./app.ts";
import { Client, COOKIE, LONG, MARGIN, PATIENCE, TIME_LIMIT } from "./failing-client.ts";
import type { Patient } from "./failing-patients.ts";
import { intercepted, type Verb, WRITES } from "./failing-repository.ts";
import { type AdapterName, serveProbe } from "./serve.ts";

/** Milliseconds that a load or a save may take beyond the time limit. */
const LEEWAY = LONG ? 50 : MARGIN;
/** Milliseconds from the end of a failure until requests must succeed again. The breaker's pause is 1,500 at the most. */
const RECOVERY = 2000 + MARGIN;
/** The client of Redis notices a dead connection by a silence of its own too, which only the breaker's pause brings. */
const RECOVERY_OF_REDIS = 2 * RECOVERY;

const ADAPTERS = ["express", "hono"] as const satisfies AdapterName[];
const IDLE = 1000;
export const RENEW_AFTER = 500;

/** In milliseconds. */
export interface Span {
  readonly began: number;
  readonly ended: number;
}

export interface SceneOptions {
  /** What is done before every write. */
  readonly beforeWrite?: () => Promise<unknown> | undefined;
  /** The store's, in seconds. */
  readonly timeout?: number;
}

/** The probe on Express and on Hono, over one store on a database that can be made to fail. */
export class Scene {
  readonly patient: Patient;
  /** The verbs that reached the database, in order. */
  readonly calls: Verb[] = [];
  /** When each of them began, and when it was no longer waited for, in milliseconds. */
  readonly spans: Span[] = [];
  /** When the load of each session began and ended. */
  readonly loads: Span[] = [];
  readonly #saves: Span[] = [];
  readonly events: SessionEvent[] = [];
  readonly #happened = new Map<SessionEvent["type"], number>();
  /** How many requests that carried a token were served as if they had none. */
  strangers = 0;
  readonly urls: string[] = [];
  readonly clock: (() => number) & { advance(seconds: number): void };
  #witness: Client | undefined;
  #atWrite: string | undefined;
  readonly #ends: (() => Promise<void>)[];
  readonly #beforeWrite: SceneOptions["beforeWrite"];
  readonly #timeout: number;

  private constructor(patient: Patient, { beforeWrite, timeout = TIME_LIMIT }: SceneOptions) {
    this.patient = patient;
    this.#timeout = timeout;
    this.#beforeWrite = beforeWrite;
    this.#ends = [() => patient.close()];
    let ahead = 0;
    const advance = (seconds: number) => {
      ahead += seconds * 1000;
    };
    // The breaker measures its pause by it, and that is to pass by itself.
    this.clock = Object.assign(() => Date.now() + ahead, { advance });
  }

  /** @param patient Closed with the scene. */
  static async on(patient: Patient, options: SceneOptions = {}): Promise<Scene> {
    const scene = new Scene(patient, options);
    try {
      await scene.#serve();
      scene.#witness = await scene.user("witness");
      return scene;
    } catch (error) {
      await scene.close();
      throw error;
    }
  }

  async #serve(): Promise<void> {
    const repository = intercepted(this.patient.repository, (verb, perform) => {
      this.calls.push(verb);
      if (!WRITES.includes(verb)) return this.#timed(perform);
      if (this.#atWrite !== undefined) this.patient.fail(this.#atWrite);
      const before = this.#beforeWrite?.();
      return before === undefined ? this.#timed(perform) : before.then(() => this.#timed(perform));
    });
    const onEvent = (event: SessionEvent) => {
      this.events.push(event);
      this.#happened.set(event.type, performance.now());
    };
    const store = new ServerSessionStore<ProbeData>(repository, {
      timeout: this.#timeout,
      onEvent,
      clock: this.clock,
      idleTimeout: IDLE,
      renewAfter: RENEW_AFTER,
    });
    const load = store.load.bind(store);
    store.load = async (request) => {
      const session = await measured(this.loads, () => load(request));
      if (session.isNew && request.headers.get("cookie")?.includes(COOKIE)) this.strangers += 1;
      return session;
    };
    const save = store.save.bind(store);
    store.save = (...args) => measured(this.#saves, () => save(...args));
    for (const adapter of ADAPTERS) {
      const probe = await serveProbe(adapter, { store, onEvent });
      this.urls.push(probe.url);
      this.#ends.unshift(probe.close);
    }
  }

  #timed<Answer>(perform: () => Answer | Promise<Answer>): Answer | Promise<Answer> {
    const began = performance.now();
    const span = { began, ended: began + this.#timeout * 1000 };
    this.spans.push(span);
    const end = () => {
      span.ended = Math.min(performance.now(), span.ended);
    };
    let answer: Answer | Promise<Answer>;
    try {
      answer = perform();
    } catch (error) {
      end();
      throw error;
    }
    Promise.resolve(answer).then(end, end);
    return answer;
  }

  /** Forgets what was counted, and what happened. */
  forget(): void {
    this.events.length = 0;
    this.#happened.clear();
    this.strangers = 0;
  }

  /** Whatever the database did, nothing waited for it beyond the time limit. */
  assertInTime(): void {
    for (const { began, ended } of [...this.loads, ...this.#saves]) {
      const took = ended - began;
      assert.ok(took < this.#timeout * 1000 + LEEWAY, `a load or a save took ${took} ms`);
    }
  }

  /** When an event last came, in milliseconds. */
  happened(type: SessionEvent["type"]): number | undefined {
    return this.#happened.get(type);
  }

  async fail(failure: string): Promise<void> {
    await this.patient.fail(failure);
  }

  /** The next write, and whatever comes after it, meets a database that fails; what comes before does not. */
  failAtWrite(failure: string): void {
    this.#atWrite = failure;
  }

  async heal(): Promise<void> {
    this.#atWrite = undefined;
    await this.patient.heal();
  }

  async close(): Promise<void> {
    await this.heal();
    for (const end of this.#ends) await end();
  }

  /** A client of Express, unless it says otherwise. */
  client(url: string = this.urls[0] ?? ""): Client {
    return new Client(url, this.clock);
  }

  /** A client who has logged in, and has something in the session. */
  async user(subject: string, data: ProbeData = { kept: "from before" }): Promise<Client> {
    const client = this.client();
    await client.surely("POST", `/login?user=${subject}`);
    await client.surely("POST", "/set", data);
    return client;
  }

  /** Clients with the same token, if it has one: one for each adapter. */
  onEach({ token }: Client): Client[] {
    return this.urls.map((url) => {
      const other = this.client(url);
      if (token !== undefined) other.visitor.hold(COOKIE, token);
      return other;
    });
  }

  /** What the database holds. */
  async record(handle: string): Promise<SessionRecord | undefined> {
    const { signal } = new AbortController();
    return this.patient.sound.read(handle, { now: this.clock(), signal });
  }

  /** Waits until a session can be read again, and says how many milliseconds that took. */
  async recovered(): Promise<number> {
    const began = performance.now();
    for (;;) {
      const answer = await this.#witness?.get("/read");
      const took = performance.now() - began;
      if (answer?.status === 200) {
        assert.equal(JSON.parse(answer.text).subject, "witness");
        const most = this.patient.name === "redis" ? RECOVERY_OF_REDIS : RECOVERY;
        assert.ok(took < most, `it took ${Math.round(took)} ms to recover`);
        return took;
      }
      assert.equal(answer?.status, 503);
      assert.ok(took < PATIENCE, "it does not recover");
      await wait(20);
    }
  }
}

async function measured<Result>(
  spans: Span[],
  act: () => Result | Promise<Result>,
): Promise<Result> {
  const began = performance.now();
  try {
    return await act();
  } finally {
    spans.push({ began, ended: performance.now() });
  }
}
