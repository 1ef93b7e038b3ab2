/** What holds for every sealer of the library. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { CookieSessionStore, type Random, type Secret } from "keepsake";
import { fromBase64url, toBase64url } from "./base64url.ts";
import { lengthPrefixed, utf8 } from "./bytes.ts";
import { hkdfSha256 } from "./hkdf.ts";
import {
  type Any,
  OLD_SECRET,
  OLDEST_SECRET,
  refusal,
  requestOf,
  runs,
  SECRET,
  seeded,
  Time,
  Visitor,
} from "./kit.test.ts";
import {
  CONTEXT,
  forEachKind,
  KINDS,
  type Kind,
  NO_BYTES,
  TEXT,
  textOf,
} from "./sealers-kit.test.ts";

/** Options for a sealer whose tokens are always the same. */
const counting = ({ encrypts }: Kind): { readonly random?: Random } =>
  encrypts ? { random: (length) => Uint8Array.from({ length }, (_, at) => at) } : {};

describe("The format", () => {
  forEachKind("a token is a version, a key id and URL-safe text", ({ make, shape }) => {
    assert.match(make(SECRET).seal(TEXT, CONTEXT), shape);
    assert.match(make(SECRET).seal(NO_BYTES, CONTEXT), shape);
  });

  forEachKind("a token opens by HKDF-SHA-256 and its primitive alone", (kind) => {
    for (const audience of ["", "shop"]) {
      const derive = (label: string, length: number) =>
        hkdfSha256(utf8(SECRET), utf8("keepsake"), lengthPrefixed([label, audience]), length);
      const token = kind.make(SECRET, { audience }).seal(TEXT, CONTEXT);
      const [version = "", id = "", ...parts] = token.split(".");
      assert.equal(version, kind.version);
      assert.equal(id, toBase64url(derive(`${version} key id`, 6)));
      const key = derive(kind.label, 32);
      const place = [version, id, CONTEXT.purpose, CONTEXT.name];
      const bytes = parts.map((part) => fromBase64url(part) ?? NO_BYTES);
      assert.deepEqual(kind.openAlone(key, place, bytes), TEXT);
    }
  });

  forEachKind(
    "a token from before still opens, and is made again from the same random bytes",
    (kind) => {
      const sealer = kind.make(SECRET, counting(kind));
      assert.equal(sealer.seal(TEXT, CONTEXT), kind.token);
      assert.equal(textOf(sealer, kind.token), "Fräulein Ada, admin");
    },
  );

  forEachKind("any bytes survive, the empty ones too", ({ make }) => {
    const sealer = make(SECRET);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const opened = sealer.open(sealer.seal(bytes, CONTEXT), CONTEXT);
        assert.deepEqual(new Uint8Array(opened?.bytes ?? [1, 2, 3]), bytes);
        assert.equal(opened?.stale, false);
      }),
      runs(100),
    );
  });
});

describe("What can be read", () => {
  for (const kind of KINDS) {
    const holds = kind.encrypts
      ? "what is sealed is not to be read, however the token is decoded"
      : "what is signed can be read by everybody, as its documentation says";
    test(`requirement 32: ${kind.make.name}: ${holds}`, () => {
      // Not random, because a random token has three letters of a name in it once in a few thousand runs.
      const options = kind.encrypts ? { random: seeded() } : {};
      const token = kind.make(SECRET, options).seal(TEXT, CONTEXT);
      const decoded = token.split(".").flatMap((part) => {
        const base64 = part.replaceAll("-", "+").replaceAll("_", "/");
        return [part, globalThis.atob(base64), base64];
      });
      const shown = [token, ...decoded].join("\n");
      assert.equal(/Ada|admin|QWRh|YWRtaW4|416461/.test(shown), !kind.encrypts);
      assert.ok(!shown.includes(SECRET.slice(0, 8)));
    });
  }
});

describe("Secrets and options", () => {
  forEachKind("requirement 33: no secret, no sealer; and options are checked", ({ make }) => {
    for (const secret of [undefined, null, "", [], [""], 7, {}]) {
      assert.throws(() => make(secret as Any), refusal("ERR_SESSION_SECRET", make.name));
    }
    const bad = (options: Any) =>
      assert.throws(() => make(SECRET, options), refusal("ERR_SESSION_CONFIG", make.name));
    for (const audience of [7, null, {}, "\ud800"]) bad({ audience });
    bad({ random: 7 });
    bad({ salt: "x" });
    bad(null);
    bad([]);
    bad("shop");
  });

  forEachKind(
    "requirement 35: a short or weak secret is refused, also as an older one",
    ({ make }) => {
      for (const weak of ["a", "x".repeat(32), SECRET.slice(0, 31), "keyboard cat ".repeat(3)]) {
        for (const secret of [weak, [SECRET, weak], [weak, SECRET]]) {
          assert.throws(() => make(secret), refusal("ERR_SESSION_SECRET"));
        }
      }
      assert.throws(() => make([SECRET, SECRET]), refusal("ERR_SESSION_SECRET"));
    },
  );

  forEachKind(
    "requirement 49: it shows no secret, key or key id, however it is looked at",
    (kind) => {
      const sealer = kind.make([SECRET, OLD_SECRET], { audience: "shop" });
      const [, id = ""] = sealer.seal(TEXT, CONTEXT).split(".");
      const options = { depth: Number.POSITIVE_INFINITY, showHidden: true, customInspect: false };
      const shown = [sealer, sealer.seal, sealer.open].map(
        (each) => inspect(each, options) + inspect(each) + JSON.stringify(each),
      );
      const text = shown.join("\n") + String(sealer);
      for (const hidden of [SECRET, OLD_SECRET, id]) assert.ok(!text.includes(hidden));
      assert.doesNotMatch(text, /Uint8Array|Buffer|KeyObject|Map|0x|\d{2,}, \d{2,}/);
      assert.deepEqual(Object.keys(sealer).sort(), ["open", "seal"]);
      for (const own of [sealer.seal, sealer.open]) assert.deepEqual(Object.keys(own), []);
    },
  );

  forEachKind("requirement 49: no error quotes a secret", ({ make }) => {
    const short = "vQ8-short-secret";
    const attempts: (() => unknown)[] = [
      () => make(short),
      () => make([SECRET, short]),
      () => make([SECRET, SECRET]),
      () => make(SECRET, { audience: 7 }),
      () => make(SECRET, { secret: SECRET }),
      () => make({ secret: SECRET } as Any),
      () => make(SECRET, SECRET),
    ];
    for (const attempt of attempts) {
      assert.throws(attempt, (error) => {
        const text = inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true });
        return !text.includes(SECRET) && !text.includes(short);
      });
    }
  });
});

describe("Sealed to its place", () => {
  forEachKind(
    "requirement 36, invariant 11, sealed to its place: another purpose or name opens nothing",
    ({ make }) => {
      const sealer = make(SECRET);
      const token = sealer.seal(TEXT, CONTEXT);
      for (const change of [
        { purpose: "seen" },
        { purpose: "" },
        { purpose: "session_" },
        { name: "session" },
        { name: "__Host-prefs" },
        { name: "" },
        { purpose: "session__Host", name: "-session" },
        { purpose: "__Host-session", name: "session" },
      ]) {
        assert.equal(sealer.open(token, { ...CONTEXT, ...change }), undefined);
      }
      assert.equal(textOf(sealer, token, { ...CONTEXT, now: 0 }), "Fräulein Ada, admin");
    },
  );

  forEachKind(
    "requirement 37: two audiences of one secret open nothing of each other",
    ({ make }) => {
      const audiences = ["", "shop", "shop2", "a\0b", "ß"];
      const sealers = audiences.map((audience) => make(SECRET, { audience }));
      sealers.forEach((sealer, mine) => {
        const token = sealer.seal(TEXT, CONTEXT);
        sealers.forEach((other, theirs) => {
          assert.equal(other.open(token, CONTEXT) !== undefined, mine === theirs);
        });
      });
    },
  );

  forEachKind(
    "requirement 38: a token ends when its session does, whatever the cookie's attributes say",
    async ({ make }) => {
      const time = new Time();
      const sealer = make(SECRET);
      const options = { sealer, clock: time.clock, idleTimeout: 100, absoluteTimeout: 100 };
      const store = new CookieSessionStore<Any>(options);
      const visitor = new Visitor(store);
      await visitor.visit((session) => session.set("a", 1));
      const request = requestOf({ cookie: visitor.jar.header ?? "" });
      time.advance(99);
      assert.equal((await store.load(request)).isNew, false);
      time.advance(62);
      assert.equal((await store.load(request)).isNew, true);
    },
  );

  test("requirement 34: no token opens in another format, whatever its version and key id are made to say", () => {
    const sealers = KINDS.map(({ make }) => make(SECRET));
    const tokens = sealers.map((sealer) => sealer.seal(TEXT, CONTEXT));
    assert.equal(new Set(tokens.map((token) => token.split(".")[1])).size, KINDS.length);
    for (const [mine, sealer] of sealers.entries()) {
      const [version, id] = (tokens[mine] ?? "").split(".");
      for (const [theirs, token] of tokens.entries()) {
        if (mine === theirs) continue;
        const [, , ...parts] = token.split(".");
        for (const forged of [token, `${version}.${id}.${parts.join(".")}`]) {
          assert.equal(sealer.open(forged, CONTEXT), undefined, forged);
        }
        const joined = `${version}.${id}.${parts.join("")}.${"A".repeat(43)}`;
        assert.equal(sealer.open(joined, CONTEXT), undefined);
      }
    }
  });
});

describe("Nonces", () => {
  for (const { make } of KINDS.filter(({ encrypts }) => encrypts)) {
    test(`requirement 39: ${make.name}: nonces come from the random source, and no two tokens are alike`, () => {
      const random = seeded();
      const sealer = make(SECRET, { random });
      const tokens = Array.from({ length: 1000 }, () => sealer.seal(TEXT, CONTEXT));
      const nonces = tokens.map((token) => token.split(".")[2]?.slice(0, 32));
      assert.equal(new Set(nonces).size, 1000);
      assert.equal(random.calls, 1000);
      const again = make(SECRET, { random: seeded() }).seal(TEXT, CONTEXT);
      assert.equal(tokens[0], again, "all else is determined");
    });

    test(`requirement 39: ${make.name}: by default nonces come from the platform, 24 bytes each`, () => {
      const sealer = make(SECRET);
      const bodies = Array.from(
        { length: runs(500).numRuns },
        () => sealer.seal(NO_BYTES, CONTEXT).split(".")[2],
      );
      assert.equal(new Set(bodies.map((body) => body?.slice(0, 32))).size, bodies.length);
      assert.ok(bodies.every((body) => fromBase64url(body ?? "")?.length === 24 + 16));
    });
  }
});

describe("Keys", () => {
  forEachKind(
    "requirement 40: the key id depends on secret and audience alone, and reveals nothing of either",
    (kind) => {
      const idOf = (secret: string, audience = "") =>
        kind.make(secret, { audience }).seal(TEXT, CONTEXT).split(".")[1] ?? "";
      assert.equal(idOf(SECRET), idOf(SECRET));
      assert.equal(new Set([idOf(SECRET), idOf(OLD_SECRET), idOf(SECRET, "shop")]).size, 3);
      assert.ok(!SECRET.includes(idOf(SECRET)));
      const info = lengthPrefixed([kind.label, ""]);
      const key = toBase64url(hkdfSha256(utf8(SECRET), utf8("keepsake"), info, 32));
      assert.ok(!key.startsWith(idOf(SECRET)), "it is derived under a label of its own");
    },
  );

  forEachKind(
    "requirement 40: another version or an unknown key id costs no cryptography: nothing is even decoded",
    (kind) => {
      const sealer = kind.make([SECRET, OLD_SECRET]);
      const [version, id = ""] = sealer.seal(TEXT, CONTEXT).split(".");
      // Behind a MAC that is no base64url a payload is decoded, but not yet authenticated.
      const body = `${"A".repeat(4_000_000)}${kind.encrypts ? "" : ".!"}`;
      const tokens = [`${version}.${id}.`, `${version}.AAAAAAAA.`, `k9.${id}.`].map(
        (start) => start + body,
      );
      const fastest = tokens.map(() => Number.POSITIVE_INFINITY);
      // By turns, and the fastest of a few: what is told apart is work, not what else the machine does.
      for (let run = 0; run < 7; run += 1) {
        for (const [index, token] of tokens.entries()) {
          const before = performance.now();
          assert.equal(sealer.open(token, CONTEXT), undefined);
          fastest[index] = Math.min(fastest[index] ?? 0, performance.now() - before);
        }
      }
      const [known = 0, ...others] = fastest;
      for (const unknown of others) {
        assert.ok(unknown * 2 < known, `${unknown} ms, and ${known} ms with a known id`);
      }
    },
  );

  forEachKind(
    "requirement 41, invariant 12, keys rotate: three keys over time, instances that learn of them later, nobody logged out",
    ({ make }) => {
      const timeline: Secret[] = [
        [OLDEST_SECRET],
        [OLDEST_SECRET, OLD_SECRET],
        [OLD_SECRET, OLDEST_SECRET],
        [OLD_SECRET, SECRET, OLDEST_SECRET],
        [SECRET, OLD_SECRET, OLDEST_SECRET],
        [SECRET, OLD_SECRET],
        [SECRET],
      ];
      const sealers = timeline.map((secrets) => make(secrets));
      const seenFrom = (step: number) => {
        const token = sealers[step]?.seal(TEXT, CONTEXT) ?? "";
        return sealers.map((sealer) => sealer.open(token, CONTEXT)?.stale);
      };
      assert.deepEqual(seenFrom(0), [false, false, true, true, true, undefined, undefined]);
      assert.deepEqual(seenFrom(2), [undefined, true, false, false, true, true, undefined]);
      assert.deepEqual(seenFrom(4), [undefined, undefined, undefined, true, false, false, false]);
      // Instances that are at most one step apart open each other's tokens.
      for (const step of sealers.keys()) {
        const seen = seenFrom(step);
        for (const near of [step - 1, step + 1].filter((at) => at in sealers)) {
          assert.notEqual(
            seen[near],
            undefined,
            `step ${near} does not open what step ${step} sealed`,
          );
        }
      }
    },
  );
});
