import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import {
  CookieSessionStore,
  cookieTransport,
  headerTransport,
  InMemorySessionStore,
  SessionError,
  type SessionOptions,
  type SessionStore,
} from "keepsake";
import { CookieJar, fakeClock } from "keepsake/testing";
import { ADDS, type Exemption } from "./alike-exemptions.ts";
import {
  type Difference,
  differencesOf,
  repeatable,
  type Step,
  type Travelled,
  walk,
} from "./alike-kit.ts";
import { EVERY_ROUTE, SOME_ROUTES, TWO_TOKENS } from "./alike-steps.ts";
import type { ProbeData } from "./app.ts";
import { type AdapterName, hosts, serveProbe } from "./serve.ts";

// One visitor goes the same way through every adapter. Clock and randomness are injected, so that even the tokens are
// the same, and what is answered is compared line by line.

const SECRET = "4eqhFCE9yngFbyB6a!Cro5gubbb92ay_nBb1oCF3";
const onEvent = () => undefined;

type CreateStore = (options: SessionOptions) => SessionStore<ProbeData>;

const sealed: CreateStore = (options) =>
  new CookieSessionStore<ProbeData>({ ...options, secret: SECRET, onEvent });
const memory: CreateStore = (options) =>
  new InMemorySessionStore<ProbeData>({ ...options, onEvent });

const down = () => {
  const error = new SessionError("ERR_SESSION_STORE", "The store is down.");
  error.headers = { "retry-after": "5" };
  return Promise.reject(error);
};

const WAYS: Readonly<Record<string, readonly [CreateStore, readonly Step[]]>> = {
  "a sealed cookie": [sealed, EVERY_ROUTE],
  memory: [memory, EVERY_ROUTE],
  "a header": [
    (options) =>
      new InMemorySessionStore<ProbeData>({ ...options, onEvent, transport: headerTransport() }),
    SOME_ROUTES,
  ],
  "a cookie and a header at once": [
    (options) => {
      const { random, ...timed } = options;
      const transport = [cookieTransport({}, timed), headerTransport()];
      return new InMemorySessionStore<ProbeData>({ ...options, onEvent, transport });
    },
    TWO_TOKENS,
  ],
  "a store that cannot load": [() => ({ load: down, save: down }), SOME_ROUTES],
  "a store that cannot save": [
    (options) => {
      const store = memory(options);
      return { load: (request) => store.load(request), save: down };
    },
    SOME_ROUTES,
  ],
};

async function answersOf(
  t: TestContext,
  adapter: AdapterName,
  create: CreateStore,
  steps: readonly Step[],
): Promise<Travelled[]> {
  const clock = fakeClock();
  const store = create({ clock, random: repeatable() });
  const antiForgery = { clock, random: repeatable(), onEvent };
  const { url, close } = await serveProbe(adapter, { store, onEvent, antiForgery });
  t.after(close);
  return walk(url, steps, new CookieJar(clock));
}

/** What the others are held against: there is nothing between it and Node. */
const PLAIN = "node";
const plain = new Map<string, Promise<Travelled[]>>();

for (const adapter of Object.keys(hosts) as AdapterName[]) {
  if (adapter === PLAIN) continue;
  const exemptions: readonly Exemption[] = ADDS[adapter] ?? [];
  const needed = new Set<Exemption>();

  for (const [way, [create, steps]] of Object.entries(WAYS)) {
    test(`${adapter} answers as ${PLAIN} does, header for header: ${way}`, async (t) => {
      const expected = plain.get(way) ?? answersOf(t, PLAIN, create, steps);
      plain.set(way, expected);
      const wanted = await expected;
      const answers = await answersOf(t, adapter, create, steps);
      const differences = steps.flatMap((step, at) => {
        const [one, other] = [wanted[at], answers[at]];
        assert.ok(one !== undefined && other !== undefined);
        return differencesOf(step, one, other).filter((difference) => {
          const exemption = exemptions.find((each) => each.allows(difference));
          if (exemption !== undefined) needed.add(exemption);
          return exemption === undefined;
        });
      });
      assert.deepEqual(differences.map(shown), []);
    });
  }

  test(`${adapter} needs every exemption that it has`, () => {
    const idle = exemptions.filter((each) => !needed.has(each)).map(({ why }) => why);
    assert.deepEqual(idle, []);
  });
}

test("only adapters that there are have exemptions, and the plain one has none", () => {
  const others = Object.keys(hosts).filter((name) => name !== PLAIN);
  assert.deepEqual(
    Object.keys(ADDS).filter((name) => !others.includes(name)),
    [],
  );
});

function shown({ step: { method, path }, what, plain, own }: Difference): string {
  const say = (lines: readonly string[] | undefined) => lines?.join(" | ") ?? "nothing";
  return `${method} ${path}: ${what} is ${say(own)}, and ${say(plain)} in ${PLAIN}`;
}
