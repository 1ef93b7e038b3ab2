import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CookieSessionStore, cookieTransport, xchachaSealer } from "keepsake";
import { readVectors, type SessionVector } from "../../test/support/format-vectors.ts";
import { type Any, requestOf } from "../core/kit.test.ts";

const { sessions } = await readVectors();

const TRANSPORTS = [cookieTransport(), cookieTransport({ prefix: "none" })];

/** A store at the vector's time, which can be moved on. */
function storeOf(vector: SessionVector) {
  const { name, secrets, audience, idleTimeout, absoluteTimeout } = vector;
  const transport = TRANSPORTS.find((each) => each.name === name);
  assert.ok(transport, name);
  const time = { now: vector.now };
  const store = new CookieSessionStore<Any>({
    sealer: xchachaSealer(secrets, { audience }),
    transport,
    clock: () => time.now,
    onEvent() {},
    idleTimeout,
    absoluteTimeout,
  });
  return { store, time };
}

describe("the format: when a session ends", () => {
  for (const vector of sessions) {
    const { why, name, token, seen, end } = vector;

    test(`to the millisecond: ${why}`, async () => {
      const { store, time } = storeOf(vector);
      const cookies = [[name, token], ...seen.map((note) => [`${name}-seen`, note])];
      const cookie = cookies.map((pair) => pair.join("=")).join("; ");
      const session = await store.load(requestOf({ cookie }));
      assert.equal(session.isNew, end === null);
      assert.equal(await store.isAlive(session), end !== null);
      if (end === null) return;
      time.now = end - 1;
      assert.equal(await store.isAlive(session), true);
      time.now = end;
      assert.equal(await store.isAlive(session), false);
    });
  }

  test("there are vectors of notes that count and of notes that do not", () => {
    const noted = sessions.filter(({ seen }) => seen.length > 0);
    assert.ok(noted.some(({ end }) => end !== null) && noted.some(({ end }) => end === null));
  });
});
