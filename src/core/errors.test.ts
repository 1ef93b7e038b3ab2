import assert from "node:assert/strict";
import { test } from "node:test";
import { Session, SessionError } from "keepsake";
import { STATUS_OF_CODE } from "./errors.ts";
import { warnOnce } from "./events.ts";

test("a SessionError has a name, a code, a status and a cause", () => {
  const cause = new Error("down");
  const error = new SessionError("ERR_SESSION_STORE", "message", { cause });
  assert.ok(error instanceof Error);
  assert.deepEqual(
    [error.name, error.code, error.status, error.message, error.cause],
    ["SessionError", "ERR_SESSION_STORE", 503, "message", cause],
  );
  assert.equal("cause" in new SessionError("ERR_SESSION_KEY", "m"), false);
});

test("every code is an ERR_…, and has a status of its own kind", () => {
  for (const [code, status] of Object.entries(STATUS_OF_CODE)) {
    assert.match(code, /^ERR_[A-Z_]+$/);
    assert.ok([400, 409, 500, 503].includes(status), `${code} ${status}`);
  }
  assert.equal(STATUS_OF_CODE.ERR_SESSION_AMBIGUOUS, 400);
  assert.equal(STATUS_OF_CODE.ERR_SESSION_GONE, 409);
});

test("without onEvent an operator is warned once a process of each thing to mend, and of nothing else", () => {
  const said: unknown[][] = [];
  const error = new Error("connection refused");
  const { warn } = console;
  console.warn = (...parts: unknown[]) => void said.push(parts);
  try {
    for (let round = 0; round < 3; round += 1) {
      warnOnce({ type: "insecure-transport", host: "shop.example" });
      warnOnce({ type: "cache-control-overruled", cacheControl: "public" });
      warnOnce({ type: "token-on-redirect", status: 302 });
      warnOnce({ type: "data-refused", id: "h", reason: "r" });
      warnOnce({ type: "store-down" });
      warnOnce({ type: "store-up" });
      warnOnce({ type: "touch-failed", id: "h", error });
      warnOnce({ type: "sweep-failed", error });
      warnOnce({ type: "check-failed", error });
      // Any client can cause these.
      warnOnce({ type: "duplicate-token" });
      warnOnce({ type: "save-failed", error: new SessionError("ERR_SESSION_GONE", "m") });
      warnOnce({ type: "save-failed", error });
    }
  } finally {
    console.warn = warn;
  }
  assert.equal(said.length, 9);
  for (const [message] of said) assert.match(String(message), /^keepsake: /);
  assert.match(String(said[0]), /secure: false/);
  assert.match(String(said[4]), /503/);
  assert.deepEqual(
    said.map((parts) => parts.slice(1)),
    [[], [], [], [], [], [error], [error], [error], [error]],
  );
});

test("an error of a value says what can be stored instead", () => {
  assert.throws(() => new Session().set("a", new Map()), {
    name: "SessionError",
    code: "ERR_SESSION_VALUE",
    status: 500,
    message: /^a is an instance of Map, .*plain objects, or choose another serializer\.$/,
  });
});
