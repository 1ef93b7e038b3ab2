import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CookieSessionStore,
  createSessionConfig,
  InMemorySessionStore,
  type Limits,
  Session,
} from "keepsake";
import { type Any, type Loose, refusal, SECRET, visit } from "./kit.test.ts";

const save = (limits: Limits, act: (session: Loose) => unknown) =>
  visit(new InMemorySessionStore<Any>({ limits }), act, { onEvent: () => {} });
const nest = (levels: number) => JSON.parse("[".repeat(levels) + "]".repeat(levels));
const many = (keys: number) =>
  Object.fromEntries(Array.from({ length: keys }, (_, n) => [`k${n}`, n]));

test("requirement 52, invariant 14, bounded: as deep as the limit is stored, one more is refused at the line", async () => {
  for (const depth of [1, 3, 32]) {
    await save({ depth }, (session) => session.set("k", nest(depth)));
    const session = new Session<Any>(
      {},
      { config: createSessionConfig("test", { limits: { depth } }) },
    );
    assert.throws(
      () => session.set("k", nest(depth + 1)),
      refusal("ERR_SESSION_VALUE", "k", `more than ${depth} deep`, "limits.depth"),
    );
  }
  assert.throws(() => new Session<Any>().set("k", nest(33)), refusal("ERR_SESSION_VALUE", "32"));
  assert.throws(() => new Session<Any>().set("k", nest(1000)), refusal("ERR_SESSION_VALUE", "32"));
});

test("requirement 52, invariant 14, bounded: as many keys as the limit are stored, one more is refused, naming the largest", async () => {
  await save({ keys: 10 }, (session) => session.set("k", many(9)));
  await save({ keys: 10 }, (session) => session.update(many(10)));
  for (const act of [
    (session: Loose) => session.set("k", many(10)),
    (session: Loose) => {
      session.set("small", {});
      session.set("k", many(9));
    },
    (session: Loose) => session.update(many(11)),
    (session: Loose) => {
      session.set("k", many(9));
      session.get("k").one = 1;
    },
  ]) {
    const code = refusal(
      "ERR_SESSION_TOO_LARGE",
      "has too many keys",
      "limits.keys (10)",
      /largest keys: "k/,
    );
    await assert.rejects(save({ keys: 10 }, act), code);
  }
});

test("requirement 52, invariant 14, bounded: as many bytes as the limit are stored, one more is refused, naming the largest", async () => {
  const bytes = (text: string) =>
    new TextEncoder().encode(JSON.stringify({ a: 1, k: text })).length;
  for (const letter of ["x", "é", "€", "💥", "\0", '"']) {
    const text = letter.repeat(20);
    const act = (session: Loose) => session.update({ a: 1, k: text });
    await save({ bytes: bytes(text) }, act);
    await assert.rejects(
      save({ bytes: bytes(text) - 1 }, act),
      refusal(
        "ERR_SESSION_TOO_LARGE",
        `takes ${bytes(text)} bytes`,
        `limits.bytes (${bytes(text) - 1})`,
        /largest keys: "k" \(\d+ characters\), "a"/,
      ),
    );
  }
});

test("requirement 52: the defaults are 32 deep, 1,000 keys and 64 KiB", async () => {
  await save({}, (session) => session.update(many(1000)));
  await assert.rejects(
    save({}, (session) => session.update(many(1001))),
    refusal("ERR_SESSION_TOO_LARGE", "1000"),
  );
  const size = 65_536 - '{"k":""}'.length;
  await save({}, (session) => session.set("k", "x".repeat(size)));
  await assert.rejects(
    save({}, (session) => session.set("k", "x".repeat(size + 1))),
    refusal("ERR_SESSION_TOO_LARGE", "takes 65537 bytes", "65536"),
  );
});

test("flash values are bounded like data", async () => {
  await assert.rejects(
    save({ bytes: 50 }, (session) => session.flash("note", "x".repeat(50))),
    refusal("ERR_SESSION_TOO_LARGE", '"note"'),
  );
});

test("requirement 52: a hostile value is refused before most of it is looked at", () => {
  let deep: Any = [];
  for (let level = 0; level < 200_000; level += 1) deep = [deep];
  assert.throws(() => new Session<Any>().set("k", deep), refusal("ERR_SESSION_VALUE"));
  let looked = 0;
  const inner = () =>
    new Proxy(many(500), {
      ownKeys(target) {
        looked += 1;
        return Reflect.ownKeys(target);
      },
    });
  const wide = Array.from({ length: 1000 }, inner);
  assert.throws(() => new Session<Any>().set("k", wide), refusal("ERR_SESSION_TOO_LARGE"));
  // Once to find that there are too many, and once to name the largest key.
  assert.ok(looked < 1100, `looked at ${looked} objects`);
});

test("the error of a cookie that is too large names the largest keys of data and flash", async () => {
  const store = new CookieSessionStore<Any>({ secret: SECRET });
  await assert.rejects(
    visit(
      store,
      (session) => {
        session.set("data", "x".repeat(2000));
        session.flash("note", "y".repeat(3000));
      },
      { onEvent: () => {} },
    ),
    refusal("ERR_COOKIE_TOO_LARGE", /"note" .*"data"/),
  );
});
