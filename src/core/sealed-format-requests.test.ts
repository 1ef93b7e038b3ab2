import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CookieSessionStore, xchachaSealer } from "keepsake";
import { readVectors } from "../../test/support/format-vectors.ts";
import { toBase64url } from "./base64url.ts";
import { type Any, requestOf } from "./kit.test.ts";
import { readPayload } from "./sealed-payload.ts";

const { requests } = await readVectors();

describe("the format: which of a request's cookies are the session", () => {
  for (const { why, secrets, audience, purpose, name, chunks, now, cookies, token } of requests) {
    test(`${token === null ? "no session" : "a session"}: ${why}`, async () => {
      const sealer = xchachaSealer(secrets, { audience });
      const store = new CookieSessionStore<Any>({
        sealer,
        cookie: { chunks },
        clock: () => now,
        onEvent: () => {},
      });
      const cookie = cookies.map((pair) => pair.join("=")).join("; ");
      const session = await store.load(requestOf({ cookie }));
      assert.equal(session.isNew, token === null);
      if (token === null) return;
      const opened = sealer.open(token, { purpose, name, now });
      const { handle, data } = readPayload(opened?.bytes ?? assert.fail()) ?? assert.fail();
      assert.equal(session.id, toBase64url(handle));
      assert.deepEqual(session.toObject(), JSON.parse(data));
    });
  }
});
