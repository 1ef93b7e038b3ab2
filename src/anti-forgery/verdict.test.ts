import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { judge, type RequestFacts, type VerdictRules } from "keepsake/anti-forgery";
import {
  type ForgeryRow,
  forgeryRows,
  isRefused,
  type SentWith,
} from "../../probe/forgery-rows.ts";
import { pathOf } from "../adapters/_anti-forgery.ts";
import { runs } from "../core/kit.test.ts";
import { ownOrigins } from "../core/origins.ts";
import { readOptions } from "./options.ts";

/** Whether each kind of token is one for the visitor. `json` is not looked at. */
const STANDING: Readonly<Record<NonNullable<SentWith["token"]>, RequestFacts["token"]>> = {
  header: "valid",
  form: "valid",
  twice: "valid",
  old: "invalid",
  foreign: "invalid",
  junk: "invalid",
  two: "invalid",
  json: "none",
};

function factsOf(sent: SentWith): RequestFacts {
  const { method = "POST", path = "/form", host = "app.example", proto = "https", as } = sent;
  const headers = new Headers(sent.headers);
  if (sent.site !== undefined) headers.set("sec-fetch-site", sent.site);
  if (sent.origin !== undefined) headers.set("origin", sent.origin);
  return {
    method,
    path: pathOf(path),
    headers,
    own: ownOrigins(host, false, proto),
    credential: as === "user" ? "cookie" : as === "header" || as === "both" ? "header" : undefined,
    hasCookie: as !== undefined && as !== "header",
    token: sent.token === undefined ? "none" : STANDING[sent.token],
  };
}

const rulesOf = ({ options = {} }: ForgeryRow): VerdictRules => readOptions(options).rules;

for (const row of forgeryRows) {
  test(`verdict, ${row.name}: ${isRefused(row) ? "refused" : "let through"}, ${row.expected}`, () => {
    const facts = factsOf(row.sent);
    const own = row.options?.selfOrigins ?? facts.own;
    assert.deepEqual(judge({ ...facts, own }, rulesOf(row)), {
      outcome: isRefused(row) ? "refuse" : "allow",
      reason: row.expected,
    });
  });
}

const RULES = readOptions({}).rules;

test("a token is asked for only where the verdict depends on it", () => {
  const facts = { ...factsOf({ as: "user" }), token: "unread" } as const;
  assert.deepEqual(judge(facts, RULES), { outcome: "undecided" });
  const proven = { ...facts, headers: new Headers({ "sec-fetch-site": "same-origin" }) };
  assert.deepEqual(judge(proven, RULES), { outcome: "allow", reason: "same-origin" });
});

test("a body that nobody parsed is told from one without a token", () => {
  const facts = { ...factsOf({ as: "user" }), token: "unreadable" } as const;
  assert.deepEqual(judge(facts, RULES), { outcome: "refuse", reason: "no-body" });
  const bare = { ...facts, hasCookie: false, credential: undefined };
  assert.deepEqual(judge(bare, RULES), { outcome: "allow", reason: "unproven" });
});

test("a session that was found without a cookie is not nothing", () => {
  const facts = { ...factsOf({ as: "user" }), hasCookie: false } as const;
  assert.deepEqual(judge(facts, RULES), { outcome: "refuse", reason: "no-proof" });
});

test("whatever the headers say, a page of another origin never gets through without being trusted", () => {
  const ORIGINS = [
    "https://app.example",
    "https://evil.example",
    "null",
    "",
    "https://app.example.",
    undefined,
  ];
  const SITES = ["same-origin", "same-site", "cross-site", "none", "SAME-ORIGIN", "", undefined];
  fc.assert(
    fc.property(
      fc.constantFrom("POST", "PUT", "DELETE", "PATCH", "post", "FOO"),
      fc.constantFrom(...SITES),
      fc.oneof(fc.constantFrom(...ORIGINS), fc.webUrl()),
      fc.constantFrom<RequestFacts["token"][]>("valid", "invalid", "none", "unreadable"),
      (method, site, origin, token) => {
        const sent = {
          method,
          ...(site === undefined ? {} : { site }),
          ...(origin === undefined ? {} : { origin }),
        };
        const { outcome } = judge({ ...factsOf({ ...sent, as: "user" }), token }, RULES);
        const isOwn = origin === "https://app.example";
        const isForeign =
          site === "cross-site" ||
          site === "same-site" ||
          (origin !== undefined && !isOwn && !(site === "same-origin" && origin === "null"));
        const isProven = site === "same-origin" || isOwn || token === "valid";
        assert.equal(outcome, isForeign || !isProven ? "refuse" : "allow");
      },
    ),
    runs(),
  );
});
