import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { refusal, runs } from "./kit.test.ts";
import { isCrossOrigin, ownOrigins, readOrigins } from "./origins.ts";

const OWN = ["https://app.example"];
const TRUSTED = new Set(["https://partner.example"]);
const NONE = "(none)";

// The rows: Sec-Fetch-Site, Origin, whether it is refused.
const VERDICTS: readonly [site: string, origin: string, isRefused: boolean][] = [
  ["same-origin", "https://app.example", false],
  ["same-origin", NONE, false],
  ["same-origin", "null", false],
  ["same-origin", "https://partner.example", false],
  ["same-origin", "https://evil.example", true],
  ["same-site", "https://app.example", true],
  ["same-site", "https://www.app.example", true],
  ["same-site", "https://partner.example", false],
  ["same-site", NONE, true],
  ["cross-site", "https://app.example", true],
  ["cross-site", "https://evil.example", true],
  ["cross-site", "https://partner.example", false],
  ["cross-site", NONE, true],
  ["none", NONE, false],
  ["none", "https://evil.example", true],
  ["none", "https://app.example", false],
  ["same-origin, same-origin", "https://evil.example", true],
  ["SAME-ORIGIN", "https://evil.example", true],
  [NONE, NONE, false],
  [NONE, "https://app.example", false],
  [NONE, "https://partner.example", false],
  [NONE, "https://evil.example", true],
  [NONE, "null", true],
  [NONE, "", true],
  [NONE, "http://app.example", true],
  [NONE, "https://app.example:8443", true],
  [NONE, "https://app.example/", true],
  [NONE, "https://app.example.", true],
  [NONE, "HTTPS://app.example", true],
  [NONE, "https://app.example@evil.example", true],
  [NONE, "https://app.example, https://app.example", true],
];

for (const [site, origin, isRefused] of VERDICTS) {
  test(`requirement 84: Sec-Fetch-Site ${site} with the origin ${origin || "''"} is ${isRefused ? "cross-origin" : "not"}`, () => {
    const headers = new Headers();
    if (site !== NONE) headers.set("sec-fetch-site", site);
    if (origin !== NONE) headers.set("origin", origin);
    assert.equal(isCrossOrigin({ headers, own: OWN }, TRUSTED), isRefused);
  });
}

test("requirement 84: whatever an origin is, it is exactly a known one or foreign", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.webUrl()), (origin) => {
      const headers = { get: (name: string) => (name === "origin" ? origin : null) };
      const isKnown = OWN.includes(origin) || TRUSTED.has(origin);
      assert.equal(isCrossOrigin({ headers, own: OWN }, TRUSTED), !isKnown);
    }),
    runs(),
  );
});

test("a server's own origin is its host with the scheme of the connection", () => {
  const cases: [
    host: string | undefined,
    encrypted: boolean,
    proto: string | null,
    own: string[],
  ][] = [
    ["app.example", true, null, ["https://app.example"]],
    ["App.Example:443", true, null, ["https://app.example"]],
    ["app.example:8443", true, null, ["https://app.example:8443"]],
    ["[::1]:3000", true, null, ["https://[::1]:3000"]],
    // A proxy may have ended TLS.
    ["app.example", false, null, ["https://app.example", "http://app.example"]],
    ["localhost:80", false, null, ["https://localhost:80", "http://localhost"]],
    ["app.example", false, "http", ["https://app.example", "http://app.example"]],
    // A proxy that says so has, and then a page over http is one that anybody on the way may have written.
    ["app.example", false, "https", ["https://app.example"]],
    ["app.example", false, "https, http", ["https://app.example"]],
    ["app.example", false, "WSS", ["https://app.example"]],
    [undefined, true, null, []],
  ];
  for (const [host, encrypted, proto, own] of cases) {
    assert.deepEqual(ownOrigins(host, encrypted, proto), own);
  }
});

const EXACT = [
  "https://app.example",
  "https://app.example:8443",
  "http://localhost:5173",
  "http://[::1]:3000",
  "chrome-extension://abcdefghijklmnop",
];
const INEXACT: unknown[] = [
  "",
  "null",
  "*",
  "app.example",
  "//app.example",
  "https://app.example/",
  "https://app.example/path",
  "https://app.example?query",
  "https://app.example#part",
  "https://*.app.example",
  "https://user@app.example",
  "https://App.Example",
  "HTTPS://app.example",
  "https://app.example:443",
  "http://app.example:80",
  "https://app.example:port",
  "https://bücher.example",
  "wss://app.example",
  " https://app.example",
  undefined,
  1,
  /app/,
];

test("requirement 85: trusted origins are exact, and everything else is refused at construction", () => {
  assert.deepEqual([...readOrigins("upgrade", "origins", EXACT)], EXACT);
  assert.equal(readOrigins("upgrade", "origins").size, 0);
  for (const origin of INEXACT) {
    assert.throws(
      () => readOrigins("upgrade", "origins", [origin as string]),
      refusal("ERR_SESSION_CONFIG", "origins"),
      String(origin),
    );
  }
  assert.throws(
    () => readOrigins("upgrade", "origins", "https://app.example" as never),
    refusal("ERR_SESSION_CONFIG"),
  );
});
