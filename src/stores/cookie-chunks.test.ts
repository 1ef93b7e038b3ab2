import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type CookieOptions,
  CookieSessionStore,
  cookieTransport,
  headerTransport,
  InMemorySessionStore,
  type Sealer,
  xchachaSealer,
} from "keepsake";
import { createCodec } from "../core/codec.ts";
import {
  type Any,
  Jar,
  NOON,
  recorder,
  refusal,
  runs,
  SECRET,
  seeded,
  Time,
  Visitor,
  visit,
} from "../core/kit.test.ts";
import { DEFAULT_LIMITS } from "../core/limits.ts";
import { cookieTooLarge } from "./_cookie-too-large.ts";

const NAME = "__Host-session";
const ONE = `${NAME}.1`;
const TWO = `${NAME}.2`;
const NAMES = [NAME, ONE, TWO];

const storeOf = (cookie: CookieOptions = {}, options: Any = {}) =>
  new CookieSessionStore<Any>({ secret: SECRET, cookie, clock: () => NOON, ...options });

const text = (length: number) => "x".repeat(length);

/** A visitor whose session takes so many characters. */
async function visitorWith(length: number, store = storeOf({ chunks: 3 })) {
  const visitor = new Visitor(store);
  await visitor.visit((session) => session.set("text", text(length)));
  return visitor;
}

const lengthIn = (visitor: Visitor) =>
  visitor.see((session) => (session.get("text") as string | undefined)?.length);

/** What a store that opens any of them finds, and how many were tried. */
async function opened(cookie: string, chunks: 1 | 2 | 3 = 3) {
  const sealer = xchachaSealer(SECRET);
  let tried = 0;
  const counting: Sealer = {
    seal: sealer.seal,
    open(token, context) {
      if (context.purpose === "session") tried += 1;
      return sealer.open(token, context);
    },
  };
  const { events, onEvent } = recorder();
  const store = new CookieSessionStore<Any>({
    sealer: counting,
    cookie: { chunks },
    clock: () => NOON,
    onEvent,
  });
  const { session, setCookie } = await visit(store, () => {}, { cookie });
  assert.deepEqual(setCookie, []);
  return { found: session.get("text"), tried, events };
}

const pairsOf = ({ jar }: Visitor): string[] => (jar.header ?? "").split("; ");

test("a session that one cookie cannot hold is kept in two or three", async () => {
  for (const chunks of [2, 3] as const) {
    const visitor = await visitorWith(5000, storeOf({ chunks }));
    assert.deepEqual(visitor.jar.names, NAMES.slice(0, chunks));
    assert.equal(await lengthIn(visitor), 5000);
    await visitor.visit((session) => session.login("ada", { keep: ["text"] }));
    assert.equal(await visitor.see((session) => session.subject), "ada");
    assert.equal(await lengthIn(visitor), 5000);
  }
});

test("growing and shrinking leave exactly the cookies of the newest session", async () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 5800 }), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(sizes, fc.constantFrom(2 as const, 3 as const), async (lengths, chunks) => {
      const visitor = new Visitor(storeOf({ chunks }, { random: seeded(lengths.length) }));
      for (const length of lengths) {
        const { setCookie } = await visitor.visit((session) => session.set("text", text(length)));
        const names = setCookie.map((line) => line.split("=")[0]);
        assert.equal(new Set(names).size, names.length, "requirement 18");
        assert.equal(await lengthIn(visitor), length);
        const whole = (visitor.jar.value(NAME) ?? "").startsWith("k1.");
        assert.deepEqual([...visitor.jar.names].sort(), NAMES.slice(0, whole ? 1 : chunks));
        const carried = pairsOf(visitor).map((pair) => pair.replace("=", ""));
        assert.ok(carried.every((pair) => pair.length <= 4096));
        assert.ok(carried.join("").length <= 8192);
      }
    }),
    runs(40),
  );
});

test("logging out, and destroying, leaves no chunk behind", async () => {
  const ends: ((session: Any) => void)[] = [(s) => s.logout(), (s) => s.destroy()];
  for (const end of ends) {
    for (const lowered of [1, 2, 3] as const) {
      const visitor = await visitorWith(5000);
      if (lowered < 3) {
        const { jar } = visitor;
        const after = new Visitor(storeOf({ chunks: lowered }), jar);
        await after.visit((session) => {
          assert.equal(session.isNew, true, "not allowed so many, so there is no session");
          session.set("fresh", 1);
        });
        assert.deepEqual(jar.names, [NAME], "the stale ones went with the first write");
        await after.visit(end);
        assert.deepEqual(jar.names, []);
      } else {
        await visitor.visit(end);
        assert.deepEqual(visitor.jar.names, []);
      }
    }
  }
});

test("logging out takes the note of use, too", async () => {
  const time = new Time();
  const visitor = await visitorWith(5000, storeOf({ chunks: 2 }, { clock: time.clock }));
  time.advance(12 * 3600);
  await lengthIn(visitor);
  assert.deepEqual(visitor.jar.names, [NAME, ONE, `${NAME}-seen`]);
  time.advance(23 * 3600);
  assert.equal(await lengthIn(visitor), 5000, "the note counts beside a session in chunks");
  await visitor.visit((session) => session.logout());
  assert.deepEqual(visitor.jar.names, []);
});

test("a session outlives a change from one cookie to two, and from two to three", async () => {
  const small = await visitorWith(2928, storeOf());
  const jar = small.jar;
  assert.equal(await lengthIn(new Visitor(storeOf({ chunks: 2 }), jar)), 2928);
  const largest = await visitorWith(5831, storeOf({ chunks: 2 }));
  assert.equal(await lengthIn(new Visitor(storeOf({ chunks: 3 }), largest.jar)), 5831);
});

test("a missing, swapped, mixed or altered chunk is no session, and nothing is set or cleared", async () => {
  const visitor = await visitorWith(5000);
  const pairs = pairsOf(visitor);
  const other = pairsOf(await visitorWith(5000));
  assert.equal((await opened(pairs.join("; "))).found, text(5000));
  for (const at of pairs.keys()) {
    const pair = pairs[at] ?? "";
    const value = pair.slice(pair.indexOf("=") + 1);
    const name = pair.slice(0, pair.indexOf("="));
    for (const altered of [
      undefined,
      other[at],
      `${name}=`,
      `${name}=${value.slice(1)}`,
      `${name}=${value.slice(0, -1)}`,
      `${name}=${value}x`,
      `${name}="${value}"`,
      `${name}=${value.slice(0, 50)}${value[50] === "A" ? "B" : "A"}${value.slice(51)}`,
      `${name}=${value.replace("3~", "2~")}`,
      `${name}=${value.replace("3~", "")}`,
    ]) {
      if (altered === pair) continue;
      const cookies = altered === undefined ? pairs.toSpliced(at, 1) : pairs.with(at, altered);
      assert.equal((await opened(cookies.join("; "))).found, undefined, `${at} ${altered}`);
    }
  }
  const swapped = [NAME, TWO, ONE].map((name, at) => (pairs[at] ?? "").replace(/^[^=]+/, name));
  assert.equal((await opened(swapped.join("; "))).found, undefined);
  const renamed = pairs.map((pair) => pair.replace(NAME, "session"));
  assert.equal((await opened(renamed.join("; "))).found, undefined);
});

test("any altered character is no session", async () => {
  const pairs = pairsOf(await visitorWith(4000));
  const whole = pairs.join("; ");
  await fc.assert(
    fc.asyncProperty(
      fc.nat(whole.length - 1),
      fc.constantFrom(..."Aa0-_~.2;= "),
      async (at, character) => {
        fc.pre(whole[at] !== character && !"; ".includes(whole[at] ?? ""));
        const altered = whole.slice(0, at) + character + whole.slice(at + 1);
        assert.equal((await opened(altered)).found, undefined);
      },
    ),
    runs(200),
  );
});

test("without the option a first chunk never reaches the sealer", async () => {
  const cookie = pairsOf(await visitorWith(5000)).join("; ");
  assert.deepEqual(await opened(cookie, 1), { found: undefined, tried: 0, events: [] });
  assert.deepEqual(await opened(cookie, 2), { found: undefined, tried: 0, events: [] });
});

test("requirement 27: a planted chunk logs nobody out, and a second session in chunks is none of both", async () => {
  const pairs = pairsOf(await visitorWith(4500, storeOf({ chunks: 2 })));
  const other = pairsOf(await visitorWith(4500, storeOf({ chunks: 2 })));
  for (const planted of [`${NAME}=junk`, `${NAME}=2~junk`, `${NAME}=3~junk`, ...other]) {
    for (const cookies of [
      [planted, ...pairs],
      [...pairs, planted],
    ]) {
      const { found, events } = await opened(cookies.join("; "));
      assert.equal(found, text(4500), planted.slice(0, 30));
      assert.deepEqual(events, []);
    }
  }
  const { found, events } = await opened([...other, ...pairs].join("; "));
  assert.equal(found, undefined);
  assert.deepEqual(events, [{ type: "duplicate-token" }]);
});

test("invariant 14, bounded: a flood of chunks costs a refusal", async () => {
  const pairs = pairsOf(await visitorWith(4000, storeOf({ chunks: 2 })));
  const thousand = Array.from({ length: 1000 }, (_, at) => `${NAME}.${at % 3}=${at}`);
  const numbered = Array.from({ length: 600 }, (_, at) => `${NAME}.${at + 1}=x`);
  const length = (pairs[1] ?? "").length;
  const lookAlikes = ["a", "b", "c", "d"].map((each) => `${ONE}=`.padEnd(length, each));
  const crossed = ["a", "b", "c", "d"].flatMap((each) => [
    `${NAME}=3~${each}${text(1000)}`,
    `${ONE}=${each}${text(1000)}`,
    `${TWO}=${each}${text(1000)}`,
  ]);
  for (const cookies of [
    [`${NAME}=3~x`, ...thousand],
    [`${NAME}=3~x`, ...numbered],
    crossed,
    crossed.filter((pair) => !pair.startsWith(TWO)).map((pair) => pair.replace("3~", "2~")),
    [...pairs, ...thousand, `a=${text(16_384)}`],
    [...pairs, ...lookAlikes],
  ]) {
    assert.equal((await opened(cookies.join("; "))).tried, 0);
  }
  const two = ["a", "b"].flatMap((each) => [
    `${NAME}=2~${each}${text(2200)}`,
    `${ONE}=${each}${text(2200)}`,
  ]);
  assert.equal((await opened(two.join("; "))).tried, 4, "each with each");
  const short = ["a", "b", "c", "d"].map((each) => `${ONE}=${each}`);
  for (const cookies of [
    [...short, ...pairs],
    [...pairs, ...lookAlikes.slice(1)],
    [...pairs, ...thousand.slice(0, 300)],
  ]) {
    const { found, tried } = await opened(cookies.join("; "));
    assert.equal(found, text(4000), "what could not belong to it hides nothing");
    assert.ok(tried <= 4);
  }
});

test("requirement 16: with chunks 5,842 bytes of JSON fit, one more does not, and nothing is written", async () => {
  for (const chunks of [2, 3] as const) {
    const visitor = new Visitor(storeOf({ chunks }));
    const room = 5842 - JSON.stringify({ text: "" }).length;
    await visitor.visit((session) => session.set("text", text(room)));
    assert.equal(await lengthIn(visitor), room);
    const before = visitor.jar.header;
    await assert.rejects(
      visitor.visit((session) => session.set("text", text(room + 1))),
      refusal("ERR_COOKIE_TOO_LARGE", "7952", '"text"'),
    );
    assert.equal(visitor.jar.header, before, "the visitor keeps the session as it was");
  }
});

test("ERR_COOKIE_TOO_LARGE names the three largest keys, and chunks where they would help", () => {
  const codec = createCodec(JSON, DEFAULT_LIMITS);
  const contents = { data: { a: 1, b: "", large: text(90) }, flash: { mid: "yyyy" } };
  const names = /"large".*"mid".*"b".* ids, .*; or keep sessions on the server\.$/;
  for (const [transport, length, help] of [
    [cookieTransport(), 4083, true],
    [cookieTransport(), 7952, true],
    [cookieTransport(), 7953, false],
    [cookieTransport({ chunks: 2 }), 7953, false],
    [cookieTransport({ chunks: 3 }), 7953, false],
    [headerTransport(), 8001, false],
    [{ ...headerTransport(), maxLength: 1000 }, 1001, false],
  ] as const) {
    const error = cookieTooLarge(length, transport, contents, codec);
    const sizes = [String(length), String(transport.maxLength)];
    refusal("ERR_COOKIE_TOO_LARGE", names, transport.name, ...sizes)(error);
    assert.equal(error.message.includes("cookie: { chunks: 2 }"), help, error.message);
    assert.ok(!error.message.includes("yyyy"), "no value");
  }
});

test("a store on the server takes the option, and needs no chunks", async () => {
  const visitor = new Visitor(new InMemorySessionStore<Any>({ cookie: { chunks: 3 } }), new Jar());
  await visitor.visit((session) => session.set("text", text(20_000)));
  assert.deepEqual(visitor.jar.names, [NAME]);
  assert.equal(await lengthIn(visitor), 20_000);
});
