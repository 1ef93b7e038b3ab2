import type { OnEvent, SessionEvent } from "../core/events.ts";
import type { SessionTransport } from "../core/transport.ts";
import type { AdapterSuiteOptions, ServedApplication, TestedStore } from "./adapter-suite.ts";
import { type FakeClock, fakeClock } from "./fake-clock.ts";
import { Visitor } from "./visitor.ts";

/** What a case works with. Everything is new for each. */
export interface Scene {
  readonly url: string;
  readonly clock: FakeClock;
  readonly transport: SessionTransport;
  readonly events: readonly SessionEvent[];
  readonly remembers: boolean;
  /** The idle and absolute timeouts, in seconds. */
  readonly idle: number;
  readonly absolute: number;
  newVisitor(): Visitor;
  /** The token that a visitor holds. */
  tokenOf(visitor: Visitor): string | undefined;
  /** Whether a response gives or takes away a token. */
  carriesToken(response: Response): boolean;
  /** Serves the probe again, with a store made from the one that is there. */
  serveWith(change: (store: TestedStore) => TestedStore): Promise<Scene>;
}

/** A named case, as data. */
export type SceneCase = readonly [
  name: string,
  act: (scene: Scene) => Promise<void>,
  /** What the store must be able to do for the case to say anything. */
  needs?: "memory",
];

const IDLE = 1000;
const ABSOLUTE = 5000;

/** @param served Receives what has to be closed afterwards. */
export async function createScene(
  options: AdapterSuiteOptions,
  served: ServedApplication[],
): Promise<Scene> {
  const clock = fakeClock();
  const events: SessionEvent[] = [];
  const onEvent: OnEvent = (event) => events.push(event);
  const transport = options.createTransport(onEvent, clock);
  const timeouts = { idleTimeout: IDLE, absoluteTimeout: ABSOLUTE };
  const store = options.createStore({ clock, transport, onEvent, ...timeouts });

  const serve = async (current: typeof store): Promise<Scene> => {
    const application = await options.serve(current, onEvent);
    served.push(application);
    return {
      url: application.url,
      clock,
      transport,
      events,
      remembers: options.remembers,
      idle: IDLE,
      absolute: ABSOLUTE,
      newVisitor: () => new Visitor(application.url, clock, options.header),
      tokenOf: (visitor) => visitor.token(transport.name),
      carriesToken: (response) =>
        options.header === undefined
          ? response.headers.getSetCookie().some((line) => line.startsWith(transport.name))
          : response.headers.has(transport.name),
      serveWith: (change) => serve(change(current)),
    };
  };
  return serve(store);
}
