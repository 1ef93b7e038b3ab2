import assert from "node:assert/strict";
import { test } from "node:test";
import { MemorySessionRepository, ServerSessionStore } from "keepsake";
import { type Any, refusal, SECRET, Time, Visitor } from "../kit.test.ts";
import { scene } from "./server-kit.test.ts";

const make = (options: Any, repository: Any = new MemorySessionRepository()) =>
  new ServerSessionStore<Any>(repository, options);

const bad: [string, Any[], ...(string | RegExp)[]][] = [
  ["renewAfter", [0, -1, Number.NaN, Number.POSITIVE_INFINITY, "1h", null, false], "seconds"],
  ["timeout", [0, -1, Number.NaN, "2s", null, false], "seconds"],
  ["sweepInterval", [0, -1, Number.NaN, "5m", true, null], "seconds"],
  ["idleTimeout", [0, "1h", Number.NaN, null], "seconds"],
  ["absoluteTimeout", [0, "1h", -1, null], "seconds"],
  ["encrypt", ["yes", 1, null], "true or false"],
  ["label", ["Firefox", {}, null], "a function"],
  ["onEvent", ["log", {}, null], "a function"],
  ["clock", [0, "now", null], "a function"],
  ["random", [4, null], "a function"],
  ["onConflict", ["merge", "", null, {}, true], '"last-wins"', '"fail"', "a function"],
  [
    "subjectLimit",
    [
      0,
      5,
      null,
      [],
      {},
      { sessions: 5 },
      { sessions: 0, beyond: "refuse" },
      { sessions: 1.5, beyond: "refuse" },
      { sessions: "5", beyond: "refuse" },
      { sessions: 5, beyond: "evict" },
    ],
    "sessions: 5",
    '"evict-oldest"',
    '"refuse"',
  ],
  ["serializer", [{}, "json", null], "parse", "stringify"],
];

for (const [name, values, ...words] of bad) {
  test(`requirement 75: ${name} that makes no sense is refused where the store is made, in words that help`, () => {
    for (const value of values) {
      assert.throws(() => make({ [name]: value }), refusal("ERR_SESSION_CONFIG", name, ...words));
    }
  });
}

test("requirement 75: seconds that are milliseconds by mistake are refused", () => {
  for (const name of ["renewAfter", "timeout", "sweepInterval", "absoluteTimeout"]) {
    const wrong = () => make({ [name]: 35 * 24 * 3600 * 1000 });
    assert.throws(wrong, refusal("ERR_SESSION_CONFIG", name, "not milliseconds"));
  }
});

test("requirement 75: an option that there is not is refused, and what it is called here is named", () => {
  for (const [name, instead] of [
    ["maxAge", "absoluteTimeout"],
    ["ttl", "idleTimeout"],
    ["secretKey", "secret"],
    ["rolling", "idleTimeout"],
    ["renewafter", "renewAfter"],
    ["sealer", "secret"],
  ] as const) {
    assert.throws(() => make({ [name]: 1 }), refusal("ERR_SESSION_CONFIG", name, instead));
  }
  for (const options of [null, [], "secret", 5]) {
    assert.throws(() => make(options), refusal("ERR_SESSION_CONFIG", "must be an object"));
  }
});

test("a weak secret is refused; strong ones, several or none are not", () => {
  for (const secret of ["short", "a".repeat(64), [], [SECRET, "short"], 5]) {
    assert.throws(
      () => make({ secret }),
      (error: Any) => /^ERR_SESSION_(SECRET|CONFIG)$/.test(error.code),
    );
  }
  for (const secret of [undefined, SECRET, [SECRET]]) make({ secret });
});

test("what is no repository is refused, and what one must have is said", () => {
  const memory = new MemorySessionRepository();
  const { capabilities } = memory;
  const verbs = { create() {}, read() {}, update() {}, touch() {}, delete() {} };
  for (const repository of [
    undefined,
    null,
    "postgres://localhost",
    {},
    new Map(),
    [],
    verbs,
    { ...verbs, capabilities: "atomic" },
    { ...verbs, capabilities, touch: undefined },
    Promise.resolve(memory),
  ]) {
    assert.throws(
      () => new ServerSessionStore(repository as Any),
      refusal("ERR_SESSION_CONFIG", "create, read, update, touch, delete", "capabilities"),
    );
  }
});

test("requirement 65: a subjectLimit takes a repository that can find by subject", () => {
  const repository: Any = {
    capabilities: new MemorySessionRepository().capabilities,
    ...{ create() {}, read() {}, update() {}, touch() {}, delete() {} },
  };
  const subjectLimit = { sessions: 1, beyond: "refuse" };
  assert.throws(
    () => make({ subjectLimit }, repository),
    refusal("ERR_SESSION_CONFIG", "subjectLimit", "find the sessions of a subject"),
  );
  make({}, repository);
});

test("a message names the class that a user made", () => {
  class MySessionStore extends ServerSessionStore {}
  assert.throws(
    () => new MySessionStore(new MemorySessionRepository(), { timeout: 0 }),
    refusal("ERR_SESSION_CONFIG", /^MySessionStore: /),
  );
});

test("undefined is as if an option was not there", async () => {
  const names = [
    "secret",
    "renewAfter",
    "onConflict",
    "timeout",
    "encrypt",
    "label",
    "subjectLimit",
  ];
  const more = [
    "sweepInterval",
    "onEvent",
    "cookie",
    "transport",
    "idleTimeout",
    "clock",
    "random",
  ];
  const store = make(Object.fromEntries([...names, ...more].map((name) => [name, undefined])));
  const visitor = new Visitor(store);
  await visitor.visit((session) => session.set("a", 1));
  assert.equal(await visitor.see((session) => session.get("a")), 1);
});

test("requirement 64: a label is asked for at login alone, tidied, and cut to 256 characters", async () => {
  let asked = 0;
  const labels: [Any, string | undefined][] = [
    ["Firefox on Linux", "Firefox on Linux"],
    ["  a\0b\r\n\tc\u007f ", "a b c"],
    ["x".repeat(100_000), "x".repeat(256)],
    [`${"x".repeat(255)}😀`, `${"x".repeat(255)}\ufffd`],
    ["\ud800", "\ufffd"],
    ["", undefined],
    ["\0\0", undefined],
    [undefined, undefined],
    [null, undefined],
    [5, undefined],
    [{ toString: () => "x" }, undefined],
  ];
  for (const [given, kept] of labels) {
    asked = 0;
    const label = () => {
      asked += 1;
      return given;
    };
    const { visitor, store } = scene({ label });
    const each = visitor();
    await each.visit((session) => session.set("a", 1));
    assert.equal(asked, 0, "not for a stranger");
    await each.visit((session) => session.login("ada"));
    assert.equal(asked, 1);
    await each.visit((session) => session.set("b", 1));
    await each.visit((session) => session.regenerate());
    assert.equal(asked, 1, "not for what is no login");
    assert.deepEqual(
      (await store.list("ada")).map((summary) => summary.label),
      [kept],
    );
    await visitor().visit((session) => session.login("ada"));
    assert.equal(asked, 2, "for a stranger's login");
  }
});

test("the request is what a label is made of", async () => {
  const { visitor, store } = scene({ label: ({ headers }) => headers.get("user-agent") ?? "?" });
  const headers = { "user-agent": "curl/8" };
  await visitor().visit((session) => session.login("ada"), { headers });
  assert.deepEqual(
    (await store.list("ada")).map(({ label }) => label),
    ["curl/8"],
  );
});

test("a label that throws is the application's error, not a failure of the store, and nothing of the login is saved", async () => {
  const error = new Error("no such browser");
  const label = () => {
    throw error;
  };
  const { visitor, store } = scene({ label });
  const each = visitor();
  await each.visit((session) => session.set("a", 1));
  for (const who of [each, visitor()]) {
    await assert.rejects(
      who.visit((session) => session.login("ada")),
      (thrown: Any) =>
        refusal("ERR_SESSION_VALUE", "label", "undefined")(thrown) && thrown.cause === error,
    );
  }
  assert.deepEqual(await store.list("ada"), []);
  assert.deepEqual(await each.see((session) => [session.subject, session.get("a")]), [
    undefined,
    1,
  ]);
});

test("a store without options works, by the system's clock", async () => {
  const store = make({});
  const visitor = new Visitor(store);
  await visitor.visit((session) => session.set("a", 1));
  assert.equal(await visitor.see((session) => session.get("a")), 1);
  assert.ok(new Time().now > 0);
});
