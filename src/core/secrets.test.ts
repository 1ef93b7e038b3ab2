import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CookieSessionStore, SessionError, secretsFromEnv, xchachaSealer } from "keepsake";
import { type Any, OLD_SECRET, OLDEST_SECRET, refusal, runs, SECRET } from "./kit.test.ts";

/** The error that these secrets make, at construction. */
function refused(secret: Any): SessionError {
  try {
    new CookieSessionStore({ secret });
  } catch (error) {
    if (error instanceof SessionError) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: `accepted: ${JSON.stringify(secret)}` });
}

const WEAK: [string, string][] = [
  ["one character", "x"],
  ["31 bytes", SECRET.slice(0, 31)],
  ["32 times a", "a".repeat(32)],
  ["keyboard cat", "keyboard cat"],
  ["keyboard cat, often", "keyboard cat keyboard cat keyboard cat"],
  ["a repeated word", "hunter2hunter2hunter2hunter2hunter2"],
  ["a repeated word, cut off", "swordfishswordfishswordfishswordf"],
  ["a long repeated part", `${SECRET.slice(0, 20)}${SECRET.slice(0, 20)}`],
  ["few characters", "abababcdcdcdabababcdcdcdefefefef"],
  ["a sequence", "abcdefghijklmnopqrstuvwxyz012345"],
  ["a sequence backwards", "zyxwvutsrqponmlkjihgfedcba987654"],
  ["a sequence of digits and letters", "0123456789abcdefghijklmnopqrstuvwxyz"],
  ["words", "correct horse battery staple and more"],
  ["words with dashes", "correct-horse-battery-staple-and-more"],
  ["words with dots", "correct.horse.battery.staple.and.more"],
  ["a placeholder", "CHANGEME-CHANGEME-please-1234567890"],
  ["a placeholder in the middle", `x8Jq2-my-secret-key-for-dev-Lm4Pz9Wk3`],
  ["an example's", "example-Zx81q0VtR7nPd4LmYbK2sWc9GhTf"],
  ["blanks", " ".repeat(40)],
  ["a lone surrogate", `${SECRET}\ud800`],
];

for (const [name, secret] of WEAK) {
  test(`requirement 35: refused at construction, and never quoted: ${name}`, () => {
    for (const given of [secret, [secret], [SECRET, secret], [secret, SECRET]]) {
      const error = refused(given);
      assert.equal(error.code, "ERR_SESSION_SECRET");
      assert.match(error.message, /node -p "require/, "it says how to make a good one");
      if (secret.length > 1) assert.ok(!error.message.includes(secret), error.message);
      assert.ok(!error.message.includes(SECRET), error.message);
    }
  });
}

test("requirement 33: no secret, no store", () => {
  for (const secret of [undefined, null, "", [], [undefined], 7, {}, true]) {
    assert.equal(refused(secret).code, "ERR_SESSION_SECRET");
  }
  assert.throws(
    () => new CookieSessionStore({}),
    refusal("ERR_SESSION_SECRET", "there is no secret"),
  );
});

test("the message tells which secret of a list it is about", () => {
  assert.match(refused([SECRET, "short"]).message, /secret 2 of 2 is 5 bytes long/);
  assert.match(refused([SECRET, OLD_SECRET, SECRET]).message, /listed twice/);
});

test("a secret that is given where options are expected is not quoted either", () => {
  const attempts: (() => unknown)[] = [
    () => new CookieSessionStore(SECRET as Any),
    () => xchachaSealer(OLD_SECRET, SECRET as Any),
    () => new CookieSessionStore({ secret: OLD_SECRET, cookie: SECRET as Any }),
    () => new CookieSessionStore({ secret: OLD_SECRET, limits: SECRET as Any }),
    () => new CookieSessionStore({ secret: OLD_SECRET, idleTimeout: SECRET as Any }),
  ];
  for (const attempt of attempts) {
    assert.throws(attempt, (error) => {
      refusal("ERR_SESSION_CONFIG")(error);
      assert.ok(!(error as Error).message.includes(SECRET), (error as Error).message);
      return true;
    });
  }
});

test("32 random bytes are accepted, however they are written", () => {
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const spellings = (raw: Uint8Array) => {
    const base64 = globalThis.btoa(String.fromCharCode(...raw));
    const hex = Array.from(raw, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return [base64, hex, hex.toUpperCase(), base64.replaceAll("+", "-").replaceAll("/", "_")];
  };
  let refusals = 0;
  fc.assert(
    fc.property(fc.noShrink(bytes), (raw) => {
      // fast-check likes repeated and extreme bytes; what is tested here are random ones.
      if (new Set(raw).size < 28) return;
      for (const secret of spellings(raw)) {
        try {
          xchachaSealer(secret);
        } catch {
          refusals += 1;
        }
      }
    }),
    runs(50),
  );
  assert.equal(refusals, 0);
});

test("secretsFromEnv: the highest number is the newest, and the bare name the oldest", () => {
  const [ten, nine, bare] = [SECRET, OLD_SECRET, OLDEST_SECRET];
  const env = {
    APP_SECRET: bare,
    APP_SECRET_9: nine,
    APP_SECRET_10: ten,
    APP_SECRET_OLD: "x",
    APP_SECRETS_11: "x",
    APP_SECRET_1x: "x",
    APP_SECRET_3: "",
    APP_SECRET_4: undefined,
    XAPP_SECRET_12: "x",
  };
  assert.deepEqual(secretsFromEnv("APP_SECRET", { env, production: true }), [ten, nine, bare]);
  assert.deepEqual(secretsFromEnv("APP_SECRET", { env: { APP_SECRET: bare } }), [bare]);
});

test("secretsFromEnv: a number that is not written plainly is not passed over in silence", () => {
  for (const name of ["APP_SECRET_0", "APP_SECRET_02"]) {
    const env = { APP_SECRET_1: OLD_SECRET, [name]: SECRET };
    let found: readonly string[] = [];
    try {
      found = secretsFromEnv("APP_SECRET", { env, production: true });
    } catch (error) {
      refusal("ERR_SESSION_SECRET", name)(error);
      continue;
    }
    assert.ok(found.includes(SECRET), `${name} was ignored`);
  }
});

test("secretsFromEnv: a weak one is refused by the name of its variable, and never quoted", () => {
  const weak = "hunter2hunter2hunter2hunter2hunter2";
  const env = { APP_SECRET_2: weak, APP_SECRET_1: SECRET };
  assert.throws(
    () => secretsFromEnv("APP_SECRET", { env }),
    (error) => {
      refusal("ERR_SESSION_SECRET", "APP_SECRET_2", "secret 1 of 2")(error);
      return !(error as Error).message.includes(weak) && !(error as Error).message.includes(SECRET);
    },
  );
});

test("secretsFromEnv: without any it throws in production, and elsewhere warns and makes one up", () => {
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  for (const options of [
    { env: {}, production: true },
    { env: { NODE_ENV: "production" } },
    { env: { NODE_ENV: "production", APP_SECRET_1: "" } },
  ]) {
    assert.throws(
      () => secretsFromEnv("APP_SECRET", { ...options, warn }),
      refusal("ERR_SESSION_SECRET", "as APP_SECRET_1=…", "node -p"),
    );
  }
  assert.deepEqual(warnings, []);
  const made = [
    secretsFromEnv("APP_SECRET", { env: {}, warn }),
    secretsFromEnv("APP_SECRET", { env: { NODE_ENV: "production" }, production: false, warn }),
  ];
  assert.equal(warnings.length, 2);
  assert.match(warnings[0] ?? "", /APP_SECRET_1.*\n.*restart/);
  for (const secrets of made) {
    assert.equal(secrets.length, 1);
    assert.match(secrets[0] ?? "", /^[\w-]{43}$/);
    assert.ok(!warnings.join().includes(secrets[0] ?? ""));
    xchachaSealer(secrets);
  }
  assert.notDeepEqual(made[0], made[1]);
});
