import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { groupOf, renderProfile, selfTimes } from "../../bench/report/profile.ts";
import { ROOT } from "../support/repository.ts";

const source = (path: string) => pathToFileURL(`${ROOT}${path}`).href;
const frame = (functionName: string, url: string, lineNumber: number) => ({
  functionName,
  url,
  lineNumber,
});

const PROFILE = {
  nodes: [
    { id: 1, callFrame: frame("load", source("src/core/middleware.ts"), 9) },
    { id: 2, callFrame: frame("handle", source("node_modules/express/lib/application.js"), 4) },
    { id: 3, callFrame: frame("(garbage collector)", "", -1) },
    { id: 4, callFrame: frame("(idle)", "", -1) },
    // The same function, called from elsewhere.
    { id: 5, callFrame: frame("load", source("src/core/middleware.ts"), 9) },
  ],
  samples: [1, 2, 3, 4, 5],
  timeDeltas: [300, 100, 50, 9000, 150],
};

describe("a profile", () => {
  test("adds up the time in each function, the longest first, and no idle time", () => {
    assert.deepEqual(
      selfTimes(PROFILE).map(({ name, place, microseconds }) => [name, place, microseconds]),
      [
        ["load", "src/core/middleware.ts:10", 450],
        ["handle", "express/lib/application.js:5", 100],
        ["(garbage collector)", "", 50],
      ],
    );
  });

  for (const [group, name, url] of [
    ["keepsake", "load", source("src/core/middleware.ts")],
    ["keepsake's dependencies", "parse", source("node_modules/cookie/dist/index.js")],
    ["keepsake's dependencies", "seal", source("node_modules/@noble/ciphers/chacha.js")],
    [
      "frameworks and libraries",
      "parse",
      source("node_modules/express-session/node_modules/cookie/index.js"),
    ],
    ["frameworks and libraries", "handle", source("node_modules/express/lib/express.js")],
    ["frameworks and libraries", "open", source("bench/node_modules/cookie-session/index.js")],
    ["the bench", "send", source("bench/drivers/node-host.ts")],
    ["Node", "writeHead", "node:_http_server"],
    ["Node", "(program)", ""],
    ["garbage collection", "(garbage collector)", ""],
  ] as const) {
    test(`${name} of ${url.replace(source(""), "") || "the engine"} counts as ${group}`, () =>
      assert.equal(groupOf(name, url), group));
  }

  test("is shown for each request, by group and by function", () => {
    const text = renderProfile(selfTimes(PROFILE), 10, 1);
    assert.match(text, /^\| keepsake \| 45\.0 \| 75\.0 % \|$/m);
    assert.match(
      text,
      /^\| `load` \| src\/core\/middleware\.ts:10 \| keepsake \| 45\.0 \| 75\.0 % \|$/m,
    );
    assert.doesNotMatch(text, /`handle`/);
  });
});
