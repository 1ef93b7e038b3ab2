import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toBase64url } from "#base64url";
import { NOON, runs, seeded } from "../kit.test.ts";
import {
  beginRenewal,
  CREDENTIAL_BYTES,
  type Credentials,
  completeRenewal,
  end,
  hashOf,
  issue,
  NONCE_BYTES,
  readCredentials,
  type Standing,
  standingOf,
  successorOf,
  wrapFor,
  writeCredentials,
} from "./credentials.ts";

const SECOND = 1000;
const named = (hash: string) => ({ hash: hashOf(new TextEncoder().encode(hash)) });
const [A, B, C] = [named("a"), named("b"), named("c")];
const successor = { ...B, nonce: "nonce" };

const standings = (credentials: Credentials, now: number) =>
  [A, B, C].map(({ hash }) => standingOf(credentials, hash, now)).join(" ");

test("of a comparison nothing is left for the next, whatever letters a hash has", () => {
  for (const end of ["é", "\ud800", "€"]) {
    assert.equal(standingOf(issue(A, NOON), A.hash, NOON), "current");
    assert.equal(standingOf(issue(A, NOON), `${A.hash.slice(0, -1)}${end}`, NOON), "unknown");
    const damaged = issue({ hash: `${A.hash.slice(0, -1)}${end}` }, NOON);
    assert.equal(standingOf(damaged, A.hash, NOON), "unknown");
  }
});

test("a credential that was issued is current; nothing else is known", () => {
  const first = issue(A, NOON);
  assert.deepEqual(first, { current: { ...A, since: NOON } });
  assert.equal(standings(first, NOON), "current unknown unknown");
  assert.equal(standingOf({}, A.hash, NOON), "unknown");
  for (const odd of ["", "?", A.hash.slice(1), `${A.hash}A`]) {
    assert.equal(standingOf(first, odd, NOON), "unknown", odd);
  }
});

test("a hash that was damaged is nobody's, however much of it is right", () => {
  const hash = hashOf(new Uint8Array(32).fill(1));
  const standing = (stored: string) => standingOf({ current: { hash: stored, since: 0 } }, hash, 0);
  for (const damaged of [
    "",
    hash.slice(0, -1),
    `${hash}A`,
    `${hash.slice(0, -1)}\u00e9`,
    `${hash.slice(0, -1)}\ud800`,
    hash.toLowerCase(),
  ]) {
    assert.equal(standing(hash), "current");
    assert.equal(standing(damaged), "unknown", damaged);
  }
});

test("requirement 57, invariant 7: an issue retires all that were good, at once, and remembers them for two minutes", () => {
  const renewed = completeRenewal(beginRenewal(issue(A, NOON), successor, NOON), NOON);
  const later = beginRenewal(renewed, { ...C, nonce: "nonce" }, NOON);
  const D = named("d");
  const after = issue(D, NOON + SECOND, later);
  assert.equal(standings(after, NOON + SECOND), "retired retired retired");
  assert.equal(standingOf(after, D.hash, NOON + SECOND), "current");
  assert.equal(standings(after, NOON + SECOND + 119_999), "retired retired retired");
  assert.equal(standings(after, NOON + SECOND + 120_000), "unknown unknown unknown");
});

test("invariant 5: an end leaves nothing that is good", () => {
  const ended = end(beginRenewal(issue(A, NOON), successor, NOON), NOON);
  assert.equal(ended.current, undefined);
  assert.equal(standings(ended, NOON), "retired retired unknown");
  assert.equal(standings(ended, NOON + 120_000), "unknown unknown unknown");
});

test("requirement 67, invariant 8: the old credential is good until 30 s after the new one was presented, and an hour before", () => {
  const begun = beginRenewal(issue(A, NOON), successor, NOON);
  const hour = NOON + 3600 * SECOND;
  assert.equal(standings(begun, hour), "current successor unknown");
  const done = completeRenewal(begun, hour);
  assert.deepEqual(done.current, { ...B, since: hour });
  assert.equal(done.successor, undefined);
  assert.equal(standings(done, hour + 29_999), "grace current unknown");
  assert.equal(standings(done, hour + 30_000), "overdue current unknown");
  assert.equal(standings(done, hour + 149_999), "overdue current unknown");
  assert.equal(standings(done, hour + 150_000), "unknown current unknown");
  assert.equal(writeCredentials(done).includes("nonce"), false, "the nonce is kept no longer");
});

test("a renewal that nobody began is not completed", () => {
  const first = issue(A, NOON);
  assert.equal(completeRenewal(first, NOON), first);
  const ended = end(first, NOON);
  assert.equal(completeRenewal(ended, NOON), ended);
});

test("invariant 8: who knows the old credential and the nonce knows the successor, and nobody else", () => {
  const random = seeded();
  const [credential, nonce] = [random(CREDENTIAL_BYTES), random(NONCE_BYTES)];
  const next = successorOf(credential, nonce);
  assert.equal(next.length, CREDENTIAL_BYTES);
  assert.deepEqual(successorOf(credential, nonce), next);
  assert.notDeepEqual(successorOf(random(CREDENTIAL_BYTES), nonce), next);
  assert.notDeepEqual(successorOf(credential, random(NONCE_BYTES)), next);
});

test("a credential that is good has its own wrap of the data key, and one that is not has none", () => {
  const [a, b] = [
    { ...A, wrap: "for a" },
    { ...successor, wrap: "for b" },
  ];
  const begun = beginRenewal(issue(a, NOON), b, NOON);
  const done = completeRenewal(begun, NOON);
  for (const each of [begun, done]) {
    assert.deepEqual([wrapFor(each, A.hash), wrapFor(each, B.hash)], ["for a", "for b"]);
    assert.equal(wrapFor(each, C.hash), undefined);
  }
  const after = issue(C, NOON, done);
  assert.deepEqual(
    [A, B, C].map(({ hash }) => wrapFor(after, hash)),
    Array(3).fill(undefined),
  );
  assert.equal(writeCredentials(after).includes("for"), false);
});

test("what was written is read again; what was not is nothing, whatever it is", () => {
  const written = completeRenewal(
    beginRenewal(issue(A, NOON, issue(C, NOON)), successor, NOON),
    NOON,
  );
  assert.deepEqual(readCredentials(writeCredentials(written)), written);
  assert.deepEqual(readCredentials("{}"), {});
  const { current } = written;
  for (const bad of [
    null,
    1,
    "text",
    [],
    { current: null },
    { current: { hash: A.hash } },
    { current: { ...current, hash: 1 } },
    { current: { ...current, since: "now" } },
    { current: { ...current, wrap: {} } },
    { successor: A },
    { successor: { ...successor, nonce: 1 } },
    { grace: A },
    { grace: [A] },
    { grace: [null] },
    { retired: [{ ...A, until: "soon" }] },
    { retired: { length: 1 } },
  ]) {
    assert.equal(readCredentials(JSON.stringify(bad)), undefined, JSON.stringify(bad));
  }
  for (const bad of ["", "{", "undefined", '{"current":', "\0"]) {
    assert.equal(readCredentials(bad), undefined, bad);
  }
});

test("requirement 7: credentials that were tampered with are never an exception, nor make good what was not", () => {
  const good = writeCredentials(beginRenewal(issue(A, NOON, issue(C, NOON)), successor, NOON));
  const check = (text: string) => {
    const read = readCredentials(text);
    if (read !== undefined) {
      assert.notEqual(standingOf(read, named("never issued").hash, NOON), "current");
    }
  };
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.string({ maxLength: 3 }), (at, text) => {
      check(good.slice(0, at));
      check(good.slice(0, at) + text + good.slice(at + 1));
    }),
    runs(),
  );
  fc.assert(fc.property(fc.json(), check), runs());
});

/** What can happen to a session: a login or regeneration, a renewal, the use of a credential, an end; and time passes. */
type Step = { readonly what: "issue" | "renew" | "present" | "end"; readonly after: number };

const steps = fc.array(
  fc.record<Step>({
    what: fc.constantFrom("issue", "renew", "present", "end"),
    after: fc.oneof(fc.nat(40_000), fc.nat(200_000), fc.constant(0)),
  }),
  { maxLength: 60 },
);

const isGood = (standing: Standing) =>
  standing === "current" || standing === "successor" || standing === "grace";

/** One session's life, with all the credentials it ever had. */
class Life {
  readonly #random = seeded(7);
  readonly issued: Uint8Array[] = [];
  /** Those that were good once and then were not. */
  readonly lost = new Set<string>();
  now = NOON;
  credentials: Credentials = {};
  form: string | undefined;

  take({ what, after }: Step): void {
    this.now += after;
    this.#notice();
    const { current, successor: next } = this.credentials;
    if (what === "end") this.#end();
    else if (what === "issue" || current === undefined) this.#issue();
    else if (what === "renew" && next === undefined) this.#renew(current.hash);
    else if (what === "present") this.credentials = completeRenewal(this.credentials, this.now);
    this.#notice();
  }

  #issue(): void {
    const credential = this.#random(CREDENTIAL_BYTES);
    this.issued.push(credential);
    this.form = toBase64url(this.#random(32));
    const current = { hash: hashOf(credential) };
    this.credentials = issue(current, this.now, this.credentials, this.form);
  }

  #end(): void {
    this.form = undefined;
    this.credentials = end(this.credentials, this.now);
  }

  #renew(hash: string): void {
    const nonce = this.#random(NONCE_BYTES);
    const holder = this.issued.find((each) => hashOf(each) === hash);
    assert.ok(holder);
    const credential = successorOf(holder, nonce);
    this.issued.push(credential);
    const named = { hash: hashOf(credential), nonce: toBase64url(nonce) };
    this.credentials = beginRenewal(this.credentials, named, this.now);
  }

  #notice(): void {
    for (const each of this.issued) {
      const hash = hashOf(each);
      if (!isGood(standingOf(this.credentials, hash, this.now))) this.lost.add(hash);
    }
  }

  get good(): string[] {
    const hashes = this.issued.map(hashOf);
    return hashes.filter((hash) => isGood(standingOf(this.credentials, hash, this.now)));
  }
}

test("invariants 6 and 8, whatever happens in whatever order: one current at most, what was lost is never good again, size bounded", () => {
  fc.assert(
    fc.property(steps, (all) => {
      const life = new Life();
      for (const step of all) {
        life.take(step);
        const counts: Record<string, number> = {};
        for (const each of life.issued) {
          const standing = standingOf(life.credentials, hashOf(each), life.now);
          counts[standing] = (counts[standing] ?? 0) + 1;
        }
        assert.ok((counts.current ?? 0) <= 1 && (counts.successor ?? 0) <= 1);
        assert.ok((counts.grace ?? 0) <= 16);
        for (const hash of life.good) assert.ok(!life.lost.has(hash), "a lost one is good again");
        const text = writeCredentials(life.credentials);
        assert.ok(text.length < 4000, `${text.length} characters`);
        assert.deepEqual(readCredentials(text), life.credentials);
        assert.equal(life.credentials.form, life.form, "the anti-forgery secret of the last issue");
        assert.ok(
          !life.issued.some((one) => text.includes(toBase64url(one))),
          "no credential in it",
        );
      }
    }),
    runs(),
  );
});

test("a client that renews, logs in and presents as fast as it can does not make a record grow", () => {
  let credentials: Credentials = issue(A, NOON);
  let longest = 0;
  for (let round = 0; round < 500; round += 1) {
    const now = NOON + round;
    const next = { ...named(`next ${round}`), nonce: "a".repeat(22), wrap: "w".repeat(96) };
    credentials = completeRenewal(beginRenewal(credentials, next, now), now);
    if (round % 50 === 49) credentials = issue(named(`login ${round}`), now, credentials);
    longest = Math.max(longest, writeCredentials(credentials).length);
  }
  assert.ok(longest < 6000, `${longest} characters`);
});
