import type { OnEvent } from "../core/events.ts";
import type { SessionOptions } from "../core/session-config.ts";
import type { SessionStore } from "../core/store.ts";
import type { SessionTransport } from "../core/transport.ts";
import { contentCases } from "./_content-cases.ts";
import { failureCases } from "./_failure-cases.ts";
import { lifeCycleCases } from "./_life-cycle-cases.ts";
import { responseCases } from "./_response-cases.ts";
import { createScene, type SceneCase } from "./_scene.ts";
import { strangerCases } from "./_stranger-cases.ts";
import { timeCases } from "./_time-cases.ts";
import type { FakeClock } from "./fake-clock.ts";

/** One case, for any test runner: `test(name, run)`. It throws where the adapter or the store does not hold. */
export interface Case {
  readonly name: string;
  run(): Promise<void>;
}

/** The probe application, served by the adapter under test. */
export interface ServedApplication {
  readonly url: string;
  close(): Promise<void>;
}

/** A store of sessions that hold whatever they are told to. */
export type TestedStore = SessionStore<Record<string, unknown>>;

/** What the suite runs on: an adapter that serves the probe application, and a store. */
export interface AdapterSuiteOptions {
  /** Serves the probe application over HTTP with this store. */
  serve(store: TestedStore, onEvent: OnEvent): Promise<ServedApplication>;
  /** Makes an empty store with these options. */
  createStore(
    options: SessionOptions & { readonly transport: SessionTransport; readonly onEvent: OnEvent },
  ): TestedStore;
  /** Makes the transport to test with. */
  createTransport(onEvent: OnEvent, clock: FakeClock): SessionTransport;
  /** The header that carries tokens; without one they travel in a cookie. */
  readonly header?: string;
  /** Whether the server forgets nothing: ended sessions stay ended, and concurrent changes are kept. */
  readonly remembers: boolean;
}

const cases: readonly SceneCase[] = [
  ...strangerCases,
  ...contentCases,
  ...lifeCycleCases,
  ...timeCases,
  ...responseCases,
  ...failureCases,
];

/**
 * Everything an adapter has to hold, as cases over HTTP against the probe application. Nothing in it sleeps for a
 * session to age: the clock is moved.
 *
 * @example
 * ```ts
 * for (const { name, run } of adapterSuite(options)) test(name, run);
 * ```
 */
export function adapterSuite(options: AdapterSuiteOptions): Case[] {
  const able = cases.filter(([, , needs]) => needs === undefined || options.remembers);
  return able.map(([name, act]) => ({
    name,
    async run() {
      const served: ServedApplication[] = [];
      try {
        await act(await createScene(options, served));
      } finally {
        await Promise.all(served.map((each) => each.close()));
      }
    },
  }));
}
