import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import type { ServerSessionStore, SessionEvent } from "keepsake";
import { CookieJar, type FakeClock } from "keepsake/testing";
import type { ProbeData } from "./app.ts";

/** The probe, served as by two processes of one application: each with a store of its own, on the same database. */
export interface Arena {
  readonly urls: readonly string[];
  /** One of the stores. */
  readonly store: ServerSessionStore<ProbeData>;
  readonly clock: FakeClock;
  /** What the stores have told since the race began. */
  readonly events: readonly SessionEvent[];
}

/** One run of a race. It throws where the invariant does not hold. @param random From 0 to 1. */
export type Race = (arena: Arena, random: () => number) => Promise<void>;

/** How old a token must be to be renewed, in seconds: the store's `renewAfter`. */
export const RENEW_AFTER = 3600;
const AFTER_GRACE = 31;
const PARALLEL = 50;

/** The races that every server-side store must win, by the invariant that says so. */
export const races: Readonly<Record<string, Race>> = {
  "invariant 4: fifty requests at once set fifty keys": async (arena, random) => {
    const browser = await Browser.with(arena, "/set", { first: true });
    const keys = Array.from({ length: PARALLEL }, (_, index) => `key${index}`);
    const answers = await Promise.all(
      keys.map((key) => browser.post(`/set?delay=${Math.floor(random() * 4)}`, { [key]: key })),
    );
    for (const { status } of answers) assert.equal(status, 204);
    const { data } = await browser.read();
    const expected = Object.fromEntries(keys.map((key) => [key, key]));
    assert.deepEqual(data, { first: true, ...expected });
  },

  "invariant 4: fifty modifies at once count fifty": async (arena, random) => {
    const browser = await Browser.with(arena, "/set", { first: true });
    const answers = await Promise.all(
      Array.from({ length: PARALLEL }, () =>
        browser.request("GET", `/count?delay=${Math.floor(random() * 4)}`),
      ),
    );
    for (const { status } of answers) assert.equal(status, 200);
    assert.equal((await browser.read()).data.count, PARALLEL);
  },

  "invariant 5: a logout against a slow writer leaves no session and no cookie that works": async (
    arena,
    random,
  ) => {
    const user = `user${random()}`;
    const browser = await Browser.with(arena, `/login?user=${user}`);
    const slow = browser.post(`/set?delay=${Math.floor(random() * 6)}`, { late: true });
    await wait(random() * 8);
    const logout = await browser.post("/logout");
    assert.equal(logout.status, 204);
    assert.ok([204, 409].includes((await slow).status), `the writer had ${(await slow).status}`);
    assert.equal(countOf(arena, "created") - countOf(arena, "ended"), 0, "a session is alive");
    assert.deepEqual(await arena.store.list(user), []);
    assert.deepEqual(browser.jar.names, []);
    for (const cookie of browser.seen) {
      const { isNew, data } = await read(arena, cookie);
      assert.deepEqual([isNew, data], [true, {}], "a cookie works");
    }
  },

  "invariant 6: a login among twenty requests in flight leaves the browser logged in": async (
    arena,
    random,
  ) => {
    const user = `user${random()}`;
    const browser = await Browser.with(arena, "/set", { cart: ["tea"] });
    const anonymous = browser.cookie;
    const delay = () => `delay=${Math.floor(random() * 4)}`;
    const others = Array.from({ length: 20 }, (_, index) => () => {
      if (index % 4 === 0) return browser.send("GET", "/read");
      if (index % 4 === 1) return browser.send("GET", `/count?${delay()}`);
      return browser.send("POST", `/set?${delay()}`, { json: { [index]: true } });
    });
    const login = () => browser.send("POST", `/login?user=${user}&keep=cart&${delay()}`);
    const sent = shuffled([...others, login], random).map((send) => send());
    const answers = await Promise.all(sent);
    for (const { status } of answers) assert.ok([200, 204, 409].includes(status), `${status}`);
    for (const answer of shuffled(answers, random)) browser.keep(answer);
    const after = await browser.read();
    assert.deepEqual([after.subject, after.data], [user, { cart: ["tea"] }]);
    assert.equal((await read(arena, anonymous)).isNew, true, "the anonymous cookie works");
  },

  "invariant 8: a renewal under fifty requests has one successor, and lost answers log nobody out":
    async (arena, random) => {
      const user = `user${random()}`;
      const browser = await Browser.with(arena, `/login?user=${user}`);
      const old = browser.cookie;
      arena.clock.advance(RENEW_AFTER);
      const use = async (delay = 0) => {
        const path = random() < 0.5 ? "/read" : "/count";
        const answer = await browser.send("GET", path, { delay });
        assert.equal(answer.status, 200);
        if (path === "/read") assert.equal(JSON.parse(answer.text).subject, user, "a stranger's");
        if (random() < 0.8) browser.keep(answer);
        return answer.cookies;
      };
      const given = await Promise.all(
        Array.from({ length: PARALLEL }, async (_, index) => {
          if (index % 3 === 0) return use();
          // One that is long under way comes with the old cookie when others have presented its successor.
          if (index % 3 === 1) return use(random() * 12);
          await wait(random() * 12);
          return use();
        }),
      );
      assert.equal(new Set(given.flat()).size, 1, "there must be one successor");
      assert.equal(countOf(arena, "renewed"), 1);
      for (let later = 0; later < 5; later += 1) {
        arena.clock.advance(AFTER_GRACE);
        await use();
      }
      assert.equal((await browser.read()).subject, user, "logged out");
      // The first use after the grace was the successor's, or it was never presented and is handed out again.
      arena.clock.advance(AFTER_GRACE);
      const { isNew } = await read(arena, old);
      assert.equal(isNew, browser.cookie !== old, "the old cookie");
    },
};

function countOf({ events }: Arena, type: SessionEvent["type"]): number {
  return events.filter((event) => event.type === type).length;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  /** The cookies that it sets, as a request would send them. */
  readonly cookies: readonly string[];
  readonly headers: Headers;
}

interface ReadAnswer {
  readonly data: ProbeData;
  readonly isNew: boolean;
  readonly subject: string | null;
}

async function send(
  { urls }: Arena,
  method: string,
  path: string,
  cookie: string,
  json?: unknown,
): Promise<Answer> {
  const url = urls[Math.floor(Math.random() * urls.length)];
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { cookie },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  const { status, headers } = response;
  const text = await response.text();
  const cookies = headers.getSetCookie().flatMap((line) => {
    const [pair = ""] = line.split(";");
    return pair.endsWith("=") ? [] : [pair];
  });
  return { status, text, cookies, headers };
}

async function read(arena: Arena, cookie: string): Promise<ReadAnswer> {
  const { status, text } = await send(arena, "GET", "/read", cookie);
  assert.equal(status, 200);
  return JSON.parse(text) as ReadAnswer;
}

/** A client that may be slow to keep what an answer sets, or never do it. */
class Browser {
  readonly jar: CookieJar;
  /** Every cookie that it ever kept. */
  readonly seen = new Set<string>();
  readonly #arena: Arena;

  constructor(arena: Arena) {
    this.#arena = arena;
    this.jar = new CookieJar(arena.clock);
  }

  /** One that has a session by this first request. */
  static async with(arena: Arena, path: string, json?: unknown): Promise<Browser> {
    const browser = new Browser(arena);
    await browser.post(path, json);
    assert.notEqual(browser.cookie, "");
    return browser;
  }

  get cookie(): string {
    return this.jar.header() ?? "";
  }

  /** Sends a request, and keeps nothing of the answer. @param delay Milliseconds that it is under way. */
  async send(
    method: string,
    path: string,
    { json, delay = 0 }: { readonly json?: unknown; readonly delay?: number } = {},
  ): Promise<Answer> {
    const { cookie } = this;
    if (delay > 0) await wait(delay);
    return send(this.#arena, method, path, cookie, json);
  }

  keep({ headers, cookies }: Answer): void {
    this.jar.store({ headers });
    for (const cookie of cookies) this.seen.add(cookie);
  }

  async request(method: string, path: string, json?: unknown): Promise<Answer> {
    const answer = await this.send(method, path, { json });
    this.keep(answer);
    return answer;
  }

  post(path: string, json?: unknown): Promise<Answer> {
    return this.request("POST", path, json);
  }

  async read(): Promise<ReadAnswer> {
    return JSON.parse((await this.request("GET", "/read")).text) as ReadAnswer;
  }
}

function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((one, two) => one.at - two.at)
    .map(({ item }) => item);
}
