import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CookieSessionStore,
  cookieTransport,
  createSessionConfig,
  headerTransport,
  InMemorySessionStore,
  MemorySessionRepository,
  repositoryRevocation,
  SessionMiddleware,
  secretsFromEnv,
  signOnly,
  xaesSealer,
  xchachaSealer,
} from "keepsake";
import { type Any, OLD_SECRET, refusal, SECRET } from "./kit.test.ts";

const sealer = xchachaSealer(SECRET);

/** Options that both stores refuse, and what the message says. */
const BAD: [Any, ...(string | RegExp)[]][] = [
  ...[
    Number.NaN,
    -1,
    -0.001,
    0,
    -0,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    "1h",
    "3600",
    null,
    [],
    {},
    true,
    10n,
  ].flatMap((value): [Any, string, string][] => [
    [{ idleTimeout: value }, "idleTimeout", "number of seconds, such as 3600"],
    [{ absoluteTimeout: value }, "absoluteTimeout", "number of seconds, such as 3600"],
  ]),
  [{ absoluteTimeout: 59, idleTimeout: 60 }, "59", "60", "Make absoluteTimeout the longer"],
  [{ absoluteTimeout: 34_560_001 }, "400 days", "seconds, not milliseconds", "34560000"],
  [{ idleTimeout: 86_400_000, absoluteTimeout: 86_400_000 }, "not milliseconds"],
  [{ maxAge: 60 }, 'no option "maxAge"', "idleTimeout", "seconds"],
  [{ ttl: 60 }, 'no option "ttl"', "idleTimeout"],
  [{ resave: false }, 'no option "resave"', "only changes are saved"],
  [{ saveUninitialized: false }, "saveUninitialized", "strangers"],
  [{ rolling: true }, "rolling", "idleTimeout"],
  [{ cookieName: "sid" }, 'no option "cookieName"', "cookie: { name }"],
  [{ cookieOptions: {} }, "cookie"],
  [{ name: "sid" }, "cookie: { name }"],
  [{ secrets: [] }, "secret: [newest"],
  [{ password: "x" }, "secret"],
  [{ idletimeout: 60 }, 'no option "idletimeout"', "The options are"],
  [{ idleTimeOut: undefined }, 'no option "idleTimeOut"'],
  [{ cookie: { domain: "example.com", prefix: "__Host-" } }, "no domain"],
  [{ cookie: { name: "__Host-sid", domain: "example.com" } }, "no domain"],
  [{ cookie: { sameSite: "none", secure: false } }, "Leave secure at true"],
  [{ cookie: { maxAge: 60 } }, "idleTimeout"],
  [{ cookie: {}, transport: cookieTransport() }, "transport: cookieTransport("],
  [{ serializer: {} }, "parse and stringify"],
  [{ serializer: null }, "parse and stringify"],
  [{ clock: 7 }, "clock must be a function"],
  [{ random: "x" }, "random must be a function"],
  [{ onEvent: "log" }, "onEvent must be a function"],
  [{ limits: { depth: 0 } }, "limits.depth"],
  [{ limits: { keys: 1.5 } }, "limits.keys"],
  [{ limits: { bytes: "64k" } }, "limits.bytes"],
  [{ limits: { bytes: Number.NaN } }, "limits.bytes"],
  [{ limits: { size: 1 } }, 'no option "size"', "depth, keys, bytes"],
  [{ limits: null }, "must be an object"],
];

test("requirement 75: what is misconfigured throws at construction, and the message says what to write", () => {
  for (const [options, ...words] of BAD) {
    const both: (() => unknown)[] = [
      () => new CookieSessionStore({ secret: SECRET, ...options }),
      () => new InMemorySessionStore(options),
    ];
    for (const act of both) {
      assert.throws(act, (error) => {
        refusal("ERR_SESSION_CONFIG", ...words)(error);
        const { message } = error as Error;
        return !message.includes(SECRET) && message.length < 400;
      });
    }
  }
});

test("secret and sealer both, or a sealer that is none, throw", () => {
  const bad = (options: Any, words: string) =>
    assert.throws(() => new CookieSessionStore(options), refusal("ERR_SESSION_CONFIG", words));
  bad({ secret: OLD_SECRET, sealer }, "sealer and secret");
  bad({ audience: "shop", sealer }, "sealer and audience");
  bad({ sealer: {} }, "seal and open");
  bad({ sealer: { seal: () => "" } }, "seal and open");
  bad({ secret: SECRET, audience: 7 }, "audience");
  bad({ secret: SECRET, audience: "é".repeat(257) }, "audience must take 512 bytes or fewer");
  for (const options of [undefined, null, 7, "options", []]) bad(options, "must be an object");
});

test("options that are undefined are as good as left out", () => {
  const options: Any = {
    idleTimeout: undefined,
    absoluteTimeout: undefined,
    serializer: undefined,
    clock: undefined,
    random: undefined,
    onEvent: undefined,
    cookie: undefined,
    transport: undefined,
    limits: undefined,
  };
  new InMemorySessionStore({ ...options, maxSessions: undefined });
  new CookieSessionStore({ ...options, secret: SECRET, sealer: undefined, audience: undefined });
  createSessionConfig("test", options);
  cookieTransport({ name: undefined, domain: undefined, secure: undefined } as Any);
});

test("what is made with options refuses those that it does not know", () => {
  const makers: ((options: Any) => unknown)[] = [
    (options) => cookieTransport({}, options),
    (options) => headerTransport("X-Session-ID", options),
    (options) => secretsFromEnv("APP_SECRET", { env: { APP_SECRET: SECRET }, ...options }),
    (options) => new SessionMiddleware(new InMemorySessionStore(), options),
    (options) => xchachaSealer(SECRET, options),
    (options) => xaesSealer(SECRET, options),
    (options) => signOnly(SECRET, options),
    (options) => repositoryRevocation(new MemorySessionRepository(), options),
  ];
  for (const make of makers) {
    make({});
    assert.throws(
      () => make({ onEvnt: () => {} }),
      refusal("ERR_SESSION_CONFIG", 'no option "onEvnt". The options are'),
    );
  }
  assert.throws(
    () => secretsFromEnv("APP_SECRET", { env: {}, production: "no" } as Any),
    refusal("ERR_SESSION_CONFIG", "production must be true or false"),
  );
});

test("limits that are undefined are as good as left out", () => {
  const limits: Any = { depth: undefined, keys: undefined, bytes: undefined };
  new InMemorySessionStore({ limits });
});

test("the name of an option that objects inherit is refused like any other", () => {
  for (const name of ["constructor", "toString", "hasOwnProperty"]) {
    assert.throws(
      () => new InMemorySessionStore({ [name]: 1 }),
      refusal("ERR_SESSION_CONFIG", `no option "${name}". The options are`),
    );
  }
});

test("a secret in the place of the options is refused as what it is", () => {
  for (const options of [SECRET, [SECRET], null] as Any[]) {
    assert.throws(
      () => new InMemorySessionStore(options),
      refusal("ERR_SESSION_CONFIG", "the options must be an object"),
    );
  }
});

test("an InMemorySessionStore keeps a whole number of sessions, one at least", () => {
  for (const maxSessions of [
    0,
    -1,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    "9",
    null,
  ] as Any[]) {
    assert.throws(
      () => new InMemorySessionStore({ maxSessions }),
      refusal("ERR_SESSION_CONFIG", "maxSessions"),
    );
  }
});

test("the middleware's own options are checked too", () => {
  const store = new InMemorySessionStore<Any>();
  const bad = (options: Any, words: string) =>
    assert.throws(
      () => new SessionMiddleware(store, options),
      refusal("ERR_SESSION_CONFIG", words),
    );
  bad({ onEvent: 7 }, "onEvent");
  bad({ saveOnServerError: "yes" }, "saveOnServerError");
  bad({ schema: {} }, "Standard Schema");
  bad({ schema: null }, "Standard Schema");
  bad({ schema: { "~standard": { validate: 7 } } }, "Standard Schema");
  const schema = { "~standard": { version: 1, vendor: "x", validate: () => ({ issues: [] }) } };
  bad({ schema, onInvalid: "drop" }, "onInvalid");
  bad({ schema, onInvalid: 7 }, "onInvalid");
});
