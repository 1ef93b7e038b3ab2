import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CookieSessionStore } from "keepsake";
import { requestOf } from "../core/kit.test.ts";
import { readPayload, writePayload } from "../core/sealed-payload.ts";
import { pythonReads, pythonWrites, SIDES, VECTORS } from "./_itsdangerous-kit.test.ts";

const NEVER = 2 ** 48 - 1;

for (const side of SIDES) {
  describe(`The vectors of ${side.name}`, () => {
    for (const [index, vector] of VECTORS.entries()) {
      const now = (vector.time + 5) * 1000;
      const context = { purpose: "session", name: "session", now };
      const keys = [vector.secret, vector.oldSecret];
      const cookies =
        side.name === "blacksheep"
          ? [
              { cookie: vector.blacksheep, stale: false },
              { cookie: vector.blacksheepRotated, stale: false },
              { cookie: vector.blacksheepOld, stale: true },
            ]
          : [{ cookie: vector[side.name], stale: false }];

      test(`${index}: Python's cookie opens, and all times are the signing time`, () => {
        for (const { cookie, stale } of cookies) {
          const opened = side.sealer(keys).open(cookie, context);
          assert.equal(opened?.stale, stale);
          const { handle, data, ...rest } = readPayload(opened.bytes) ?? assert.fail();
          assert.equal(data, vector.text);
          assert.equal(handle.length, 16);
          const time = vector.time * 1000;
          const times = { issuedAt: time, createdAt: time, expiresAt: NEVER };
          const none = { authenticatedAt: undefined, subject: undefined, flash: undefined };
          assert.deepEqual(rest, { ...times, ...none, antiForgerySecret: undefined });
          const again = side.sealer(keys).open(cookie, context);
          assert.deepEqual(again, opened, "the handle is the same every time");
        }
      });

      test(`${index}: Python's cookie is a session of the store`, async () => {
        const store = new CookieSessionStore({
          sealer: side.sealer(keys),
          cookie: { name: "session", prefix: "none" },
          clock: () => now,
        });
        for (const { cookie } of cookies) {
          const session = await store.load(requestOf({ cookie: `session=${cookie}` }));
          assert.equal(session.isNew, false);
          assert.deepEqual(session.toObject(), JSON.parse(vector.text));
          assert.equal(session.createdAt.getTime(), vector.time * 1000);
        }
      });

      test(`${index}: the same is written here, byte for byte`, () => {
        const written = pythonWrites(side, vector.secret, vector.text, vector.time);
        assert.equal(written, vector[side.name]);
        if (side.name === "blacksheep") {
          const old = pythonWrites(side, vector.oldSecret, vector.text, vector.time);
          assert.equal(old, vector.blacksheepOld);
        }
      });

      test(`${index}: the sealer adds nothing but _keepsake, last`, () => {
        const opened = side.sealer(keys).open(vector[side.name], context);
        const payload = readPayload(opened?.bytes ?? new Uint8Array()) ?? assert.fail();
        const token = side.sealer(keys).seal(writePayload(payload), context);
        const json = pythonReads(side, vector.secret, token) ?? assert.fail();
        const { _keepsake, ...values } = JSON.parse(json);
        assert.equal(JSON.stringify(values), vector.text);
        assert.equal(Object.keys(JSON.parse(json)).at(-1), "_keepsake");
        assert.equal(_keepsake.created, vector.time * 1000);
        // Without it, and signed at the same time, it is Python's cookie again.
        const stripped = pythonWrites(side, vector.secret, JSON.stringify(values), vector.time);
        assert.equal(stripped, vector[side.name]);
      });
    }
  });
}
