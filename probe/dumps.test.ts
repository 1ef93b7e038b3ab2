import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, describe, test } from "node:test";
import { inspect } from "node:util";
import { ServerSessionStore, type SessionEvent } from "keepsake";
import { CookieJar, fakeClock } from "keepsake/testing";
import type { ProbeData } from "./app.ts";
import { openDumped, REFUSED } from "./dumps-databases.ts";
import { Needles } from "./dumps-search.ts";
import { COOKIE, LONG } from "./failing-client.ts";
import { Asker } from "./failing-http.ts";
import { serveProbe } from "./serve.ts";
import { SERVER_STORES } from "./test-databases.ts";

// What somebody holds who has stolen a dump: of memory, sqlite, postgres or valkey. And what there is to read in events,
// errors, answers and on the console.

const LOGINS = LONG ? 1000 : 200;
const AT_ONCE = 20;
const RENEW_AFTER = 3600;
const SECRETS = [
  "4eqhFCE9yngFbyB6a!Cro5gubbb92ay_nBb1oCF3",
  "owoo3sb09glshv616mts56zc4pz0lx9xf26gk7zx",
];
const MARKER = "the marker in the data";

const written: string[] = [];
const restore = (["stdout", "stderr"] as const).map((name) => {
  const stream = process[name];
  const write = stream.write;
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
    written.push(Buffer.from(chunk).toString("latin1"));
    return Reflect.apply(write, stream, [chunk, ...rest]);
  };
  return () => {
    stream.write = write;
  };
});
after(() => {
  for (const each of restore) each();
});

for (const name of SERVER_STORES) {
  for (const encrypt of [false, true]) {
    describe(`${name}${encrypt ? ", encrypted" : ""}: ${LOGINS} logins`, () => {
      let life: Life;
      // What follows looks at what it leaves.
      test("the life of sessions", async () => {
        life = await liveOn(name, encrypt);
      });

      test("requirement 5, invariant 10, secrets stay secret: a dump holds no token, no credential and no secret", () => {
        const { dump, secrets, hashes } = life;
        assert.deepEqual(secrets.foundIn(dump), []);
        // The same search finds what is there: the hashes, for each session that is alive.
        assert.equal(hashes.foundIn(dump).length, LOGINS);
      });

      test(`requirement 5: the data in a dump can ${encrypt ? "not " : ""}be read`, () => {
        const marker = new Needles();
        marker.add("the marker", MARKER);
        assert.deepEqual(marker.foundIn(life.dump), encrypt ? [] : ["the marker"]);
      });

      test("requirement 8, invariant 10: no event, error, answer, log or inspected object holds a token", () => {
        const { events, seen, secrets } = life;
        const types = new Set(events.map(({ type }) => type));
        for (const type of ["created", "login", "renewed", "regenerated", "ended"] as const) {
          assert.ok(types.has(type), `there was no ${type}`);
        }
        for (const type of ["token-refused", "duplicate-token", "save-failed"] as const) {
          assert.ok(types.has(type), `there was no ${type}`);
        }
        const text = [...events.map((event) => inspectAll(event)), ...seen, ...written].join("\n");
        assert.deepEqual(secrets.foundIn(Buffer.from(text)), []);
      });
    });
  }
}

function inspectAll(value: unknown): string {
  const options = { depth: null, maxArrayLength: null, maxStringLength: null, showHidden: true };
  return inspect(value, options);
}

/** What the life of many sessions leaves behind. */
interface Life {
  readonly dump: Buffer;
  readonly events: readonly SessionEvent[];
  /** What was answered, and what there is to inspect. */
  readonly seen: readonly string[];
  readonly secrets: Needles;
  /** Of the credentials that are good at the end. */
  readonly hashes: Needles;
}

async function liveOn(name: (typeof SERVER_STORES)[number], encrypt: boolean): Promise<Life> {
  const { repository, dump, close } = await openDumped[name]();
  const clock = fakeClock();
  const events: SessionEvent[] = [];
  const onEvent = (event: SessionEvent) => events.push(event);
  const store = new ServerSessionStore<ProbeData>(repository, {
    clock,
    encrypt,
    onEvent,
    secret: SECRETS,
    renewAfter: RENEW_AFTER,
    timeout: 30,
  });
  const probe = await serveProbe("express", { store, onEvent });
  const asker = new Asker(AT_ONCE);
  const tokens = new Set<string>();
  const seen: string[] = [];

  /** One request, whose answer is kept, all but the token. */
  const send = async (jar: CookieJar, method: string, path: string, json?: unknown) => {
    const url = `${probe.url}${path}`;
    const heard = await asker.ask({ method, url, cookie: jar.header(), json });
    jar.store(heard);
    const token = jar.get(COOKIE);
    if (token !== undefined) tokens.add(token);
    const headers = [...heard.headers].filter(([header]) => header !== "set-cookie");
    seen.push(JSON.stringify(headers), heard.text);
    return heard.status;
  };
  const expect = async (status: number, ...request: Parameters<typeof send>) => {
    assert.equal(await send(...request), status, request.slice(1, 3).join(" "));
  };

  const live = async (user: string, index: number): Promise<CookieJar> => {
    const jar = new CookieJar(clock);
    if (index % 2 === 0) await expect(204, jar, "POST", "/set", { cart: [MARKER] });
    await expect(200, jar, "POST", `/login?user=${user}&keep=cart`);
    await expect(204, jar, "POST", "/set", { note: MARKER, index });
    if (index % 3 === 0) await expect(204, jar, "POST", `/flash?key=f&value=${MARKER}`);
    if (index % 5 === 0) await expect(204, jar, "POST", "/regenerate");
    return jar;
  };

  try {
    const jars: CookieJar[] = [];
    const each = async (act: (index: number) => Promise<unknown>) => {
      for (let at = 0; at < LOGINS; at += AT_ONCE) {
        await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => act(at + index)));
      }
    };
    await each(async (index) => {
      jars[index] = await live(`user${index}`, index);
    });
    clock.advance(RENEW_AFTER);
    await each(async (index) => {
      const jar = jars[index] ?? new CookieJar(clock);
      // Some stop when they have been handed their successor, and some use it.
      if (index % 2 === 0) await expect(200, jar, "GET", "/read");
      if (index % 4 === 0) await expect(200, jar, "GET", "/count");
      if (index % 7 === 0) {
        await expect(204, jar, "POST", "/logout");
        jars[index] = await live(`again${index}`, index);
      }
    });

    const mine = jars[1] ?? new CookieJar(clock);
    const good = mine.get(COOKIE) ?? "";
    // A copy with another credential, a token that is no longer good, two that are, and a login that is refused.
    for (const token of [tamper(good), ...[...tokens].slice(0, 20)]) {
      const copy = new CookieJar(clock);
      copy.set(COOKIE, token);
      await send(copy, "GET", "/read");
    }
    const doubled = `${COOKIE}=${good}; ${COOKIE}=${jars[2]?.get(COOKIE)}`;
    await asker.ask({ url: `${probe.url}/read`, cookie: doubled });
    await expect(503, new CookieJar(clock), "POST", `/login?user=${REFUSED}`);

    const cookie = `${COOKIE}=${good}`;
    const session = await store.load({ headers: new Headers({ cookie }) });
    assert.equal(session.subject, "user1");
    seen.push(inspectAll(session), inspectAll(store));

    const secrets = new Needles();
    for (const secret of SECRETS) secrets.add("a secret", secret);
    for (const token of tokens) {
      const [, credential = "", mac = ""] = token.split(".");
      secrets.add("a credential", credential, Buffer.from(credential, "base64url"));
      secrets.add("a MAC", mac, Buffer.from(mac, "base64url"));
    }
    assert.ok(tokens.size > 1.5 * LOGINS, `${tokens.size} tokens`);
    const hashes = new Needles();
    for (const jar of jars) {
      const [handle = "", credential = ""] = jar.get(COOKIE)?.split(".") ?? [];
      const hash = createHash("sha256").update(Buffer.from(credential, "base64url")).digest();
      hashes.add(`the hash of ${handle}`, hash.toString("base64url"));
    }
    return { dump: await dump(), events, seen, secrets, hashes };
  } finally {
    asker.close();
    await probe.close();
    await close();
  }
}

/** A token of the same session with another credential. Its MAC is no longer true. */
function tamper(token: string): string {
  const [handle = "", credential = "", mac = ""] = token.split(".");
  return [handle, credential.replace(/^./, (first) => (first === "A" ? "B" : "A")), mac].join(".");
}
