import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  CookieSessionStore,
  type SealContext,
  type Sealer,
  signOnly,
  xaesSealer,
  xchachaSealer,
} from "keepsake";
import {
  type Any,
  Jar,
  NOON,
  OLD_SECRET,
  refusal,
  requestOf,
  SECRET,
  Time,
  Visitor,
} from "./kit.test.ts";
import { combineSealers } from "./sealer-list.ts";

const NAME = "__Host-session";
const CONTEXT: SealContext = { purpose: "session", name: NAME, now: NOON };
const BYTES = Uint8Array.of(1, 2, 3);

const k1 = xchachaSealer([SECRET, OLD_SECRET]);
const k2 = xaesSealer([SECRET, OLD_SECRET]);
const s1 = signOnly([SECRET, OLD_SECRET]);

describe("Several sealers", () => {
  test("the first seals, all of them open, and what another than the first opened is stale", () => {
    const list = [k1, k2, s1];
    const all = combineSealers("test", list);
    for (const sealer of list) {
      const opened = all.open(sealer.seal(BYTES, CONTEXT), CONTEXT);
      assert.deepEqual(new Uint8Array(opened?.bytes ?? []), BYTES);
      assert.equal(opened?.stale, sealer !== k1);
    }
    assert.match(all.seal(BYTES, CONTEXT), /^k1\./);
    assert.equal(all.open(xchachaSealer(OLD_SECRET).seal(BYTES, CONTEXT), CONTEXT)?.stale, true);
  });

  test("what none of them sealed is undefined", () => {
    const all = combineSealers("test", [k1, k2]);
    const stranger = xaesSealer("Gq3_vT8xYb-Lw0KdRz5NpHs7Mc2JfUa9EoXi4Vt6Wn1");
    for (const token of ["", "k1", stranger.seal(BYTES, CONTEXT), s1.seal(BYTES, CONTEXT)]) {
      assert.equal(all.open(token, CONTEXT), undefined);
    }
    assert.equal(all.open(k2.seal(BYTES, CONTEXT), { ...CONTEXT, name: "other" }), undefined);
  });

  test("they are asked in order, until one opens; a sealer may be an object with methods", () => {
    const asked: string[] = [];
    class Fixed implements Sealer {
      readonly #name: string;
      readonly #opens: boolean;
      constructor(name: string, opens: boolean) {
        this.#name = name;
        this.#opens = opens;
      }
      seal() {
        return this.#name;
      }
      open() {
        asked.push(this.#name);
        return this.#opens ? { bytes: BYTES, stale: false } : undefined;
      }
    }
    const list = [new Fixed("a", false), new Fixed("b", true), new Fixed("c", true)];
    const all = combineSealers("test", list);
    list.length = 0;
    assert.deepEqual(all.open("x", CONTEXT), { bytes: BYTES, stale: true });
    assert.deepEqual(asked, ["a", "b"]);
    assert.equal(all.seal(BYTES, CONTEXT), "a");
  });

  test("one sealer is passed through as it is, alone or in a list", () => {
    assert.equal(combineSealers("test", k1), k1);
    assert.equal(combineSealers("test", [k1]), k1);
  });

  test("what is no sealer is refused when the store is made, and the message says which it is", () => {
    const bad = (sealer: Any, ...words: string[]) =>
      assert.throws(
        () => new CookieSessionStore({ sealer }),
        refusal("ERR_SESSION_CONFIG", "CookieSessionStore", ...words),
      );
    bad([], "empty list");
    for (const value of [null, 7, "k1", {}, { seal() {} }, { open() {} }, { seal: 1, open: 2 }]) {
      bad(value, "sealer must have");
      bad([value], "sealer must have");
      bad([k1, value], "sealer 2 of 2 must have");
    }
    bad([k1, undefined, k2], "sealer 2 of 3");
    bad(Object.assign([k1], { length: 2 }), "sealer 2 of 2");
    bad([k1, [k2]], "sealer 2 of 2", "a list in a list");
    bad(xchachaSealer, "a function");
    assert.throws(
      () => new CookieSessionStore({ sealer: [k1], secret: SECRET }),
      refusal("ERR_SESSION_CONFIG", "two ways"),
    );
  });
});

describe("From one format to another", () => {
  const before = [k1];
  const known = [k1, k2];
  const first = [k2, k1];
  const after = [k2];

  test("invariant 12, keys rotate without logging anyone out: from k1 to k2, and a save seals anew", async () => {
    const jar = new Jar();
    const visitorOf = (sealer: readonly Sealer[]) =>
      new Visitor(new CookieSessionStore<Any>({ sealer }), jar);
    await visitorOf(before).visit((session) => session.login("ada"));
    const id = await visitorOf(before).see((session) => session.id);
    const steps = [
      [known, "k1"],
      [first, "k2"],
      [after, "k2"],
    ] as const;
    for (const [step, [sealers, version]] of steps.entries()) {
      const visitor = visitorOf(sealers);
      assert.deepEqual(await visitor.see((s) => [s.subject, s.id]), ["ada", id], `step ${step}`);
      const { setCookie } = await visitor.visit((session) => session.get("step"));
      assert.deepEqual(setCookie, [], "reading alone seals nothing");
      await visitor.visit((session) => session.set("step", step));
      assert.equal(jar.value(NAME)?.split(".")[0], version);
    }
    assert.equal(await visitorOf(before).see((session) => session.isNew), true);
  });

  test("invariant 12: while it is rolled out, servers of two neighbouring steps open each other's sessions", async () => {
    for (const [older, newer] of [
      [before, known],
      [known, first],
      [first, after],
    ] as const) {
      const jar = new Jar();
      const servers = [older, newer].map(
        (sealer) => new Visitor(new CookieSessionStore<Any>({ sealer }), jar),
      );
      await servers[1]?.visit((session) => session.login("ada"));
      for (let round = 0; round < 4; round += 1) {
        for (const server of servers) {
          assert.equal(await server.see((session) => session.subject), "ada");
          await server.visit((session) => session.set("round", round));
        }
      }
    }
  });

  test("a note of use that the old format sealed counts beside a session of the new one, and the reverse", async () => {
    const time = new Time();
    const jar = new Jar("https://app.example.com/", time.clock);
    const options = { clock: time.clock, idleTimeout: 1000, absoluteTimeout: 10_000 };
    const visitorOf = (sealer: readonly Sealer[]) =>
      new Visitor(new CookieSessionStore<Any>({ ...options, sealer }), jar);
    await visitorOf(known).visit((session) => session.set("a", 1));
    const noted: (string | undefined)[] = [];
    for (const sealers of [known, first, known, first]) {
      time.advance(700);
      assert.equal(await visitorOf(sealers).see((session) => session.get("a")), 1);
      noted.push(jar.value(`${NAME}-seen`)?.split(".")[0]);
    }
    assert.deepEqual(noted, ["k1", "k2", "k1", "k2"]);
    assert.match(jar.value(NAME) ?? "", /^k1\./);
  });

  test("a sealer that is listed no more opens nothing: its format ends at once", async () => {
    const token = s1.seal(BYTES, CONTEXT);
    const store = new CookieSessionStore({ sealer: [k2, k1] });
    assert.equal((await store.load(requestOf({ cookie: `${NAME}=${token}` }))).isNew, true);
  });
});
