import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  CookieSessionStore,
  cookieTransport,
  headerTransport,
  type Sealer,
  type SessionTransport,
  signOnly,
  xaesSealer,
  xchachaSealer,
} from "keepsake";
import {
  type ChunkVector,
  fromHex,
  type Place,
  readVectors,
  type SuiteName,
  type TokenVector,
  toHex,
} from "../../test/support/format-vectors.ts";
import { fromBase64url } from "./base64url.ts";
import { type Any, requestOf } from "./kit.test.ts";
import { readPayload, readSeen, writePayload, writeSeen } from "./sealed-payload.ts";
import { internals } from "./session.ts";

const { tokens, nearMisses, sessions, chunks } = await readVectors();
const SUITES: readonly SuiteName[] = ["k1", "k2", "s1"];

function sealerOf(suite: SuiteName, { secrets, audience }: Place, nonce = ""): Sealer {
  if (suite === "s1") return signOnly(secrets, { audience });
  const random = () => fromHex(nonce);
  return suite === "k1"
    ? xchachaSealer(secrets, { audience, random })
    : xaesSealer(secrets, { audience, random });
}

const TRANSPORTS: readonly SessionTransport[] = [
  cookieTransport(),
  cookieTransport({ prefix: "none" }),
  cookieTransport({ name: "shop", prefix: "__Secure-" }),
  headerTransport(),
];

interface Presented {
  readonly place: Place;
  readonly now: number;
  readonly headers: Record<string, string>;
  readonly suite?: SuiteName;
  readonly transport?: SessionTransport | undefined;
  readonly idleTimeout?: number;
  readonly absoluteTimeout?: number;
}

/** The session that the store finds in a request. */
function load({ place, now, headers, suite = "k1", ...options }: Presented) {
  const transport = options.transport ?? TRANSPORTS.find(({ name }) => name === place.name);
  assert.ok(transport, place.name);
  const { idleTimeout = 86_400, absoluteTimeout = 2_592_000 } = options;
  const store = new CookieSessionStore<Any>({
    ...{ sealer: sealerOf(suite, place), clock: () => now, onEvent: () => {} },
    ...{ transport, idleTimeout, absoluteTimeout },
  });
  return store.load(requestOf(headers));
}

function cookieHeader(cookies: readonly (readonly [name: string, value: string])[]) {
  return { cookie: cookies.map(([name, value]) => `${name}=${value}`).join("; ") };
}

const headersOf = ({ name, token }: TokenVector): Record<string, string> =>
  name.startsWith("x-") ? { [name]: token } : cookieHeader([[name, token]]);

/** The token that today's code makes of the vector's fields. */
function sealAgain({ fields, suite, ...vector }: TokenVector): string {
  const { handle, seenAt, issuedAt = 0, createdAt = 0, expiresAt = 0, data = "" } = fields;
  const { authenticatedAt, subject, flash, antiForgerySecret } = fields;
  const secret = antiForgerySecret === undefined ? undefined : fromHex(antiForgerySecret);
  const times = { issuedAt, createdAt, authenticatedAt, expiresAt };
  const bytes =
    seenAt === undefined
      ? writePayload({
          ...{ handle: fromHex(handle), ...times, antiForgerySecret: secret },
          ...{ subject, flash, data },
        })
      : writeSeen(fromHex(handle), seenAt);
  assert.equal(toHex(bytes), vector.payload);
  // An older secret sealed it when it was the newest.
  const index = vector.secrets.findIndex((secret) =>
    sealerOf(suite, { ...vector, secrets: [secret] }).open(vector.token, vector),
  );
  const secrets = vector.secrets.slice(index, index + 1);
  return sealerOf(suite, { ...vector, secrets }, vector.nonce).seal(bytes, vector);
}

function checkFields({ fields, payload }: TokenVector): void {
  const bytes = fromHex(payload);
  const { handle, seenAt, antiForgerySecret, ...others } = fields;
  if (seenAt !== undefined) {
    assert.equal(readSeen(bytes, fromHex(handle)), seenAt);
    return;
  }
  const none = { authenticatedAt: undefined, subject: undefined, flash: undefined };
  const secret = antiForgerySecret === undefined ? undefined : fromHex(antiForgerySecret);
  const asBytes = { handle: fromHex(handle), antiForgerySecret: secret };
  assert.deepEqual(readPayload(bytes), { ...none, ...asBytes, ...others });
}

for (const suite of SUITES) {
  describe(`the format: ${suite}`, () => {
    for (const vector of tokens.filter((each) => each.suite === suite)) {
      const { purpose, token, fields, now } = vector;

      test(`opens: ${vector.why} (${token.length} characters)`, async () => {
        const opened = sealerOf(suite, vector).open(token, vector);
        assert.equal(toHex(opened?.bytes ?? new Uint8Array()), vector.payload);
        assert.equal(opened?.stale, vector.stale);
        checkFields(vector);
        assert.equal(sealAgain(vector), token, "and is made again of the same nonce");
        if (purpose !== "session") return;
        const session = await load({ place: vector, now, headers: headersOf(vector), suite });
        assert.equal(session.isNew, false);
        assert.equal(session.subject, fields.subject);
        const secret = fromBase64url(internals.storedAntiForgerySecret(session) ?? "");
        assert.equal(toHex(secret ?? assert.fail()), fields.antiForgerySecret ?? "");
        assert.deepEqual(session.toObject(), {
          ...JSON.parse(fields.data ?? ""),
          ...JSON.parse(fields.flash ?? "{}"),
        });
      });
    }

    test("every near miss is refused, by every sealer", () => {
      const listed = nearMisses.filter((each) => each.suite === suite);
      assert.ok(listed.length > 80);
      for (const vector of listed) {
        for (const each of SUITES) {
          const opened = sealerOf(each, vector).open(vector.token, { ...vector, now: 0 });
          assert.equal(opened, undefined, vector.why);
        }
      }
    });
  });
}

describe("the format: what is a session", () => {
  for (const vector of sessions) {
    const { why, now, end, name, token, seen, idleTimeout, absoluteTimeout } = vector;

    test(`${end === null ? "no session" : "a session"}: ${why}`, async () => {
      const opened = sealerOf("k1", vector).open(token, { ...vector, now });
      assert.equal(toHex(opened?.bytes ?? new Uint8Array()), vector.payload);
      const notes = seen.map((note) => [`${name}-seen`, note] as const);
      const headers = cookieHeader([[name, token], ...notes]);
      const times = { idleTimeout, absoluteTimeout };
      const session = await load({ place: vector, now, headers, ...times });
      assert.equal(session.isNew, end === null);
    });
  }
});

describe("the format: chunks", () => {
  const transportOf = ({ name, cookies }: ChunkVector) =>
    cookieTransport({
      chunks: Object.keys(cookies).length === 2 ? 2 : 3,
      prefix: name === "session" ? "none" : "auto",
    });

  for (const vector of chunks) {
    const { why, cookies, now, token } = vector;
    const transport = transportOf(vector);
    const isNew = async (pairs: readonly (readonly [string, string])[]) =>
      (await load({ place: vector, now, headers: cookieHeader(pairs), transport })).isNew;
    const pairs = Object.entries(cookies);

    test(`${why} (${token.length} characters in ${pairs.length} cookies)`, async () => {
      assert.equal(await isNew(pairs), false);
      const response = { headers: new Headers() };
      transport.write(requestOf(), response, token);
      const lines = response.headers.getSetCookie().map((line) => line.split(";")[0]);
      assert.deepEqual(
        lines,
        pairs.map(([name, value]) => `${name}=${value}`),
      );
    });

    test(`${why} Cut elsewhere, or not all there, it is no session`, async () => {
      const [[name, first], [second, part], ...others] = pairs as [Pair, Pair, ...Pair[]];
      for (const bad of [
        [[name, first]],
        [[name, first], [second, ""], ...others],
        [[name, first.slice(0, -1)], [second, first.slice(-1) + part], ...others],
        [[name, first + part.slice(0, 1)], [second, part.slice(1)], ...others],
        [[name, first.slice(2)], [second, part], ...others],
        [[name, first.replace("~", "")], [second, part], ...others],
        [[name, `1${first.slice(1)}`], [second, part], ...others],
        [[name, `4${first.slice(1)}`], [second, part], ...others],
        [[name, `0${first}`], [second, part], ...others],
        [[second, part], ...others],
      ] as Pair[][]) {
        assert.equal(await isNew(bad), true);
      }
    });
  }
});

type Pair = [name: string, value: string];
