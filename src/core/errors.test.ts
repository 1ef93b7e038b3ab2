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
  const said: string[] = [];
  const { warn } = console;
  console.warn = (message: string) => void said.push(message);
  try {
    for (let round = 0; round < 3; round += 1) {
      warnOnce({ type: "insecure-transport", host: "shop.example" });
      warnOnce({ type: "cache-control-overruled", cacheControl: "public" });
      warnOnce({ type: "token-on-redirect", status: 302 });
      warnOnce({ type: "duplicate-token" });
      warnOnce({ type: "data-refused", id: "h", reason: "r" });
      warnOnce({ type: "save-failed", error: new Error("secret") });
    }
  } finally {
    console.warn = warn;
  }
  assert.equal(said.length, 3);
  for (const message of said) assert.match(message, /^keepsake: /);
  assert.match(said[0] ?? "", /secure: false/);
});

test("an error of a value says what can be stored instead", () => {
  assert.throws(() => new Session().set("a", new Map()), {
    name: "SessionError",
    code: "ERR_SESSION_VALUE",
    status: 500,
    message: /^a is an instance of Map, .*plain objects, or choose another serializer\.$/,
  });
});
