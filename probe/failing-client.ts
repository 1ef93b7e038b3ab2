import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { Visitor } from "keepsake/testing";
import type { ProbeData } from "./app.ts";

/** A long run does one thing at a time, and has the machine for itself. */
export const LONG: boolean = process.env.KEEPSAKE_LONG !== undefined;
/** What the store's time limit is set to, in seconds: long enough for a database that is well, on a busy machine too. */
export const TIME_LIMIT: number = LONG ? 0.3 : 1;
/** Milliseconds that a client may wait beyond a time limit: a busy machine takes its time with everything around it. */
export const MARGIN: number = LONG ? 300 : 10_000;
/** Milliseconds for what has to happen in the end. */
export const PATIENCE = 30_000;

export const COOKIE = "__Host-session";

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  readonly cookies: readonly string[];
  /** How long it took, in milliseconds. */
  readonly took: number;
}

export interface ReadAnswer {
  readonly id: string;
  readonly data: ProbeData;
  readonly isNew: boolean;
  readonly subject: string | null;
}

/** One that says how long it waited for an answer. */
export class Client {
  readonly visitor: Visitor;

  constructor(url: string, clock: () => number) {
    this.visitor = new Visitor(url, clock);
  }

  get token(): string | undefined {
    return this.visitor.token(COOKIE);
  }

  async send(method: string, path: string, json?: unknown): Promise<Answer> {
    const began = performance.now();
    const response = await this.visitor.request(path, { method, json });
    const text = await response.text();
    const took = performance.now() - began;
    const { status, headers } = response;
    return { status, text, headers, took, cookies: headers.getSetCookie() };
  }

  get(path: string): Promise<Answer> {
    return this.send("GET", path);
  }

  post(path: string, json?: unknown): Promise<Answer> {
    return this.send("POST", path, json);
  }

  /**
   * Repeats a request that is answered with 503, as one does who is told when to come back: on a busy machine the time
   * limit may be too short for a database that is well.
   */
  async surely(method: string, path: string, json?: unknown): Promise<Answer> {
    const began = performance.now();
    for (;;) {
      const answer = await this.send(method, path, json);
      const { status, text } = answer;
      if (status === 200 || status === 204) return answer;
      assert.equal(status, 503, `${method} ${path}: ${text}`);
      assert.ok(performance.now() - began < PATIENCE, `${method} ${path} does not succeed`);
      await wait(20);
    }
  }

  /** Reads until the session is as it should become. What the library writes by itself may take it more than one time. */
  async readUntil(isDone: (answer: ReadAnswer) => unknown, what: string): Promise<ReadAnswer> {
    const began = performance.now();
    for (;;) {
      const answer = await this.read();
      if (await isDone(answer)) return answer;
      assert.ok(performance.now() - began < PATIENCE, what);
      await wait(20);
    }
  }

  async read(): Promise<ReadAnswer> {
    return JSON.parse((await this.surely("GET", "/read")).text) as ReadAnswer;
  }
}

/** An answer to a request that could not be served: in time, with nothing of a session, and with when to come back. */
export function assertUnavailable(answer: Answer, what: string, limit: number = TIME_LIMIT): void {
  const { status, text, headers, cookies, took } = answer;
  assert.equal(status, 503, `${what}: ${text}`);
  assert.equal(text, "error: ERR_SESSION_STORE", what);
  assert.match(headers.get("retry-after") ?? "", /^[1-3]$/, what);
  assert.deepEqual(cookies, [], what);
  assert.ok(took < limit * 1000 + MARGIN, `${what} took ${Math.round(took)} ms`);
}
