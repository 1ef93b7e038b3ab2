import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type CookieOptions, type CookiePrefix, cookieTransport } from "keepsake";
import { type Any, Jar, NOON, refusal, requestOf, runs } from "./kit.test.ts";

/** The line that a cookie with these options is set with. */
function lineOf(options?: CookieOptions, token = "token", expiresAt = NOON): string {
  const transport = cookieTransport(options, { clock: () => NOON, onEvent: () => {} });
  const response = { headers: new Headers() };
  transport.write(requestOf(), response, token, expiresAt);
  const [line = "", ...others] = response.headers.getSetCookie();
  assert.deepEqual(others, []);
  return line;
}

function attributesOf(options?: CookieOptions): string[] {
  return lineOf(options).toLowerCase().split("; ").slice(1).sort();
}

const bad = (options: Any, ...words: (string | RegExp)[]) =>
  assert.throws(() => cookieTransport(options), refusal("ERR_SESSION_CONFIG", ...words));

test("requirements 9, 12, 13, 15: by default Secure, HttpOnly, SameSite=Lax, Path=/ and nothing else", () => {
  assert.deepEqual(attributesOf(), ["httponly", "path=/", "samesite=lax", "secure"]);
  assert.deepEqual(attributesOf({}), attributesOf());
});

test("requirement 10: the name has __Host- where it may, __Secure- with a Domain or another Path, none over http", () => {
  const table: [CookieOptions, string][] = [
    [{}, "__Host-session"],
    [{ name: "sid" }, "__Host-sid"],
    [{ domain: "example.com" }, "__Secure-session"],
    [{ path: "/app" }, "__Secure-session"],
    [{ secure: false }, "session"],
    [{ prefix: "none" }, "session"],
    [{ prefix: "__Secure-" }, "__Secure-session"],
    [{ prefix: "__Http-" }, "__Http-session"],
    [{ prefix: "__Host-Http-" }, "__Host-Http-session"],
    [{ name: "__Host-sid" }, "__Host-sid"],
  ];
  for (const [options, name] of table) {
    assert.equal(cookieTransport(options).name, name);
    assert.equal(lineOf(options).split("=")[0], name);
  }
});

test("requirement 11: 24 combinations of prefix, letter case and attributes; the illegal ones throw", () => {
  const illegal: Record<CookiePrefix, CookieOptions[]> = {
    "__Host-": [{ secure: false }, { domain: "example.com" }, { path: "/app" }],
    "__Secure-": [{ secure: false }],
    "__Http-": [{ secure: false }, { httpOnly: false }],
    "__Host-Http-": [
      { secure: false },
      { httpOnly: false },
      { path: "/app" },
      { domain: "example.com" },
    ],
  };
  let combinations = 0;
  for (const [prefix, options] of Object.entries(illegal)) {
    for (const written of [prefix, prefix.toLowerCase(), prefix.toUpperCase()]) {
      const name = `${written}sid`;
      assert.equal(cookieTransport({ name }).name, name);
      assert.ok(new Jar().store(lineOf({ name })), "a browser takes the legal one");
      for (const each of options) bad({ ...each, name }, "browsers accept");
      combinations += 2;
    }
    for (const each of options) bad({ ...each, prefix }, "browsers accept");
  }
  assert.equal(combinations, 24);
});

test("requirement 11: a prefix that is written twice, or is none, throws", () => {
  bad({ name: "__Host-sid", prefix: "__Secure-" }, "two prefixes");
  bad({ name: "__Host-sid", prefix: "none" }, "two prefixes");
  bad({ prefix: "__host-" }, "prefix must be");
  bad({ prefix: "Host" }, "prefix must be");
});

test("requirement 13: SameSite is always written", () => {
  for (const sameSite of ["lax", "strict", "none"] as const) {
    assert.ok(attributesOf({ sameSite }).includes(`samesite=${sameSite}`));
  }
  for (const sameSite of ["Lax", "", true, false, null]) bad({ sameSite }, "sameSite must be");
});

test("requirement 14: SameSite=None or Partitioned without Secure throws", () => {
  bad({ sameSite: "none", secure: false }, "secure");
  bad({ partitioned: true, secure: false }, "Secure");
  bad({ partitioned: true, sameSite: "none", secure: false }, "secure");
});

test("requirement 17: no age above 400 days, however far away the end is", () => {
  const line = lineOf({ persistent: true }, "token", NOON + 1000 * 24 * 3600 * 1000);
  assert.match(line, /; Max-Age=34560000(;|$)/);
  assert.match(lineOf({ persistent: true }, "token", NOON + 90_500), /; Max-Age=90(;|$)/);
  assert.match(lineOf({ persistent: true }, "token", NOON - 5000), /; Max-Age=0(;|$)/);
  assert.doesNotMatch(lineOf({}, "token", NOON + 90_000), /max-age|expires/i);
});

test("requirement 18: every name that is accepted is a token, and no other is", () => {
  for (const name of ["", " ", "a b", "a=b", "a;b", "a,b", "ä", 'a"', "a\u0000", "(a)", 7, null]) {
    bad({ name }, "name must be");
  }
  const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
  fc.assert(
    fc.property(fc.string({ unit: "binary-ascii", maxLength: 12 }), (name) => {
      let accepted = true;
      try {
        assert.ok(lineOf({ name, prefix: "none" }).startsWith(`${name}=token; `));
      } catch {
        accepted = false;
      }
      assert.equal(accepted, token.test(name));
    }),
    runs(500),
  );
});

test("requirement 19: of 500 injections into name, path and domain none reaches a header", () => {
  const poisons = [
    "\r",
    "\n",
    "\0",
    ";",
    "\r\nSet-Cookie: a=b",
    "; Domain=evil.example",
    "é",
    "💥",
  ];
  const places = ["", "x", "/", "/app", "example.com", "sid", "a.b", "/a/b", "0", "-"];
  let tried = 0;
  for (const option of ["name", "path", "domain"]) {
    for (const poison of poisons) {
      for (const place of places) {
        bad({ [option]: place + poison });
        bad({ [option]: poison + place });
        bad({ [option]: `${place}${poison}${place}` });
        tried += 3;
      }
    }
  }
  assert.ok(tried >= 500, String(tried));
});

test("requirement 16: an attribute of more than 1,024 octets throws", () => {
  cookieTransport({ path: `/${"a".repeat(1023)}` });
  bad({ path: `/${"a".repeat(1024)}` }, "path must be");
  cookieTransport({ name: "a".repeat(1024) });
  bad({ name: "a".repeat(1025) }, "name must be");
});

test("a domain is a host name without a leading dot", () => {
  for (const domain of [
    "",
    ".example.com",
    "example.com.",
    "a..b",
    "-a.b",
    "exa mple",
    "a_b",
    `${"a".repeat(64)}.com`,
    7,
  ]) {
    bad({ domain }, "domain must be");
  }
  assert.ok(attributesOf({ domain: "example.com" }).includes("domain=example.com"));
});

test("requirement 25: Partitioned is written where it is asked for", () => {
  assert.ok(attributesOf({ partitioned: true }).includes("partitioned"));
  assert.ok(!attributesOf().includes("partitioned"));
});

test("an age of the cookie's own is refused, with what to write instead", () => {
  for (const options of [{ maxAge: 60 }, { expires: new Date(NOON) }]) {
    bad(options, "idleTimeout", "absoluteTimeout", "persistent: true");
  }
});

test("flags must be booleans, and options must be known", () => {
  for (const flag of ["secure", "httpOnly", "partitioned", "persistent"]) {
    for (const value of ["auto", 1, 0, "", null]) bad({ [flag]: value }, flag);
  }
  bad({ samesite: "lax" }, "sameSite");
  bad({ httponly: true }, "httpOnly");
  bad({ sekure: true }, 'no option "sekure"');
  for (const options of ["session", 7, ["session"]]) bad(options, "must be an object");
});

test("options that are null are refused like any other that are no object", () => {
  bad(null, "must be an object");
});
