import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import fc from "fast-check";
import { CookieSessionStore } from "keepsake";
import { flaskSealer, Markup, Tuple, taggedJson, Uuid } from "keepsake/interop/itsdangerous";
import { toBase64url } from "#base64url";
import {
  type Any,
  Jar,
  NOON,
  OLD_SECRET,
  OLDEST_SECRET,
  runs,
  SECRET,
  Visitor,
} from "../core/kit.test.ts";
import { readPayload, writePayload } from "../core/sealed-payload.ts";
import { pythonReads, pythonWrites, SIDES, type Side, VECTORS } from "./_itsdangerous-kit.test.ts";
import { type Answer, askPython, type Question } from "./_itsdangerous-python.test.ts";

const SECONDS = NOON / 1000;
const CONTEXT = { purpose: "session", name: "session", now: NOON };
const PAYLOAD = {
  handle: new Uint8Array(16).fill(3),
  issuedAt: NOON,
  createdAt: NOON - 1000,
  authenticatedAt: NOON - 1000,
  expiresAt: NOON + 3_600_000,
  antiForgerySecret: new Uint8Array(32).fill(5),
  subject: "ada é",
  flash: '{"note":"saved"}',
  data: "{}",
};

/** Numbers that both print alike; no lone surrogates, which Python cannot write. */
const JSON_VALUE = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string({ unit: "binary" }),
    fc.maxSafeInteger(),
    fc.integer({ min: -999_999, max: 999_999 }).map((thousandths) => thousandths / 1000),
    fc.constantFrom(null, true, false, "\u007f\u0080\u2028\ud83d\ude00", "x".repeat(200)),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.string({ unit: "binary" }), tie("value"), { maxKeys: 3 }),
  ),
})).value;

const SESSIONS: readonly string[] = [
  ...VECTORS.map(({ text }) => text),
  ...fc
    .sample(fc.dictionary(fc.string({ unit: "binary" }), JSON_VALUE, { maxKeys: 5 }), {
      seed: 4,
      ...runs(40),
    })
    .map((values) => JSON.stringify(values)),
];

const questions: Question[] = [];

/** To be asked with all the others, so that Python starts once. */
function ask(side: Side, question: Omit<Question, "side">): () => Answer {
  const index = questions.push({ side: side.name, ...question }) - 1;
  return () => python.answers[index] ?? assert.fail("Python gave no answer");
}

const KEYS = [OLD_SECRET, SECRET];

const plans = SIDES.map((side) => {
  const opener = side.sealer([SECRET, OLD_SECRET]);
  const seal = (secret: string, data: string) =>
    side.sealer(secret).seal(writePayload({ ...PAYLOAD, data }), CONTEXT);
  const reads = (keys: readonly string[], cookie: string) =>
    ask(side, { keys, seconds: SECONDS + 60, cookie });
  const writes = (keys: readonly string[], json: string, seconds = SECONDS) =>
    ask(side, { keys, seconds, json });
  return {
    side,
    opener,
    read: SESSIONS.map((data) => reads(KEYS, seal(SECRET, data))),
    written: SESSIONS.map((json) => writes(KEYS, json)),
    resigned: writes(KEYS, pythonReads(side, SECRET, seal(SECRET, "{}")) ?? "", SECONDS + 90),
    oldReadByBoth: reads(KEYS, seal(OLD_SECRET, "{}")),
    oldReadByNew: reads([SECRET], seal(OLD_SECRET, "{}")),
    newReadByBoth: reads([OLDEST_SECRET, SECRET], seal(SECRET, "{}")),
    writtenByOld: writes([OLDEST_SECRET, OLD_SECRET], "{}"),
  };
});

const python = askPython(questions);

if (python.name === undefined) {
  test("there is no Python with itsdangerous here: the vectors alone say what it writes", (t) => {
    t.diagnostic(
      "note: no python3 with itsdangerous: cookies were tested against the vectors alone",
    );
    assert.equal(VECTORS.length, 24);
  });
} else {
  describe(`Cookies, exchanged with ${python.name}`, () => {
    for (const { side, opener, ...answers } of plans) {
      test(`what ${side.name}Sealer writes, Python reads: data and _keepsake`, (t) => {
        t.diagnostic(`note: cookies are read and written by ${python.name}`);
        for (const [index, data] of SESSIONS.entries()) {
          const { json, refused } = answers.read[index]?.() ?? assert.fail();
          assert.equal(refused, undefined);
          const { _keepsake, ...values } = JSON.parse(json ?? "");
          assert.deepEqual(values, { ...JSON.parse(data) });
          assert.equal(_keepsake.subject, "ada é");
          assert.equal(_keepsake.created, NOON - 1000);
          assert.equal(_keepsake.form, toBase64url(PAYLOAD.antiForgerySecret));
        }
      });

      test(`what Python writes, ${side.name}Sealer reads, and would write the same bytes`, () => {
        for (const [index, json] of SESSIONS.entries()) {
          const { cookie = "" } = answers.written[index]?.() ?? assert.fail();
          const opened = opener.open(cookie, CONTEXT) ?? assert.fail(json);
          const payload = readPayload(opened.bytes);
          assert.deepEqual(JSON.parse(payload?.data ?? ""), JSON.parse(json));
          assert.equal(payload?.issuedAt, NOON);
          if (python.hasVanillaZlib) {
            assert.equal(cookie, pythonWrites(side, SECRET, json, SECONDS));
          }
        }
      });

      test(`what Python re-signs is still the subject's, for ${side.name}Sealer`, () => {
        const { cookie = "" } = answers.resigned();
        const opened = opener.open(cookie, { ...CONTEXT, now: NOON + 90_000 });
        const payload = readPayload(opened?.bytes ?? assert.fail());
        assert.equal(payload?.subject, "ada é");
        assert.equal(payload?.issuedAt, NOON + 90_000);
        assert.equal(payload?.createdAt, NOON - 1000);
      });

      test(`keys rotate on either side of ${side.name}Sealer, the newest first here and last there`, () => {
        assert.equal(answers.oldReadByBoth().refused, undefined);
        assert.equal(answers.oldReadByNew().refused, "BadTimeSignature");
        assert.equal(answers.newReadByBoth().refused, undefined);
        assert.equal(opener.open(answers.writtenByOld().cookie ?? "", CONTEXT)?.stale, true);
      });
    }

    if (!python.hasFlask) return;
    describe("A real Flask application", () => {
      const jar = new Jar();
      let now = NOON;
      const visitor = new Visitor(
        new CookieSessionStore<Any>({
          sealer: flaskSealer([SECRET, OLD_SECRET]),
          serializer: taggedJson,
          cookie: { name: "session", prefix: "none" },
          clock: () => now,
        }),
        jar,
      );
      /** One request to the Flask application, with the visitor's cookie. */
      const visitFlask = (
        keys: readonly string[],
        rest: Pick<Question, "does" | "shows"> = {},
      ): Answer => {
        const seconds = Math.floor(now / 1000);
        const visit = jar.value("session") ?? "";
        const question: Question = { side: "flask", keys, seconds, visit, ...rest };
        const answer = askPython([question]).answers[0] ?? assert.fail();
        jar.store(`session=${answer.cookie}; Path=/; HttpOnly; Secure`);
        return answer;
      };
      const VALUES = {
        tuple: new Tuple(1, "é", [null]),
        bytes: Uint8Array.of(0, 255),
        markup: new Markup("<b>é</b>"),
        uuid: new Uuid("80000000-0000-0000-0000-000000000007"),
        date: new Date("2025-01-02T03:04:05Z"),
        escaped: { " t": 1 },
      };

      before(async () => {
        await visitor.visit((session) => {
          session.login("ada");
          session.update({ ...VALUES, tuple: new Tuple("ours"), n: 1 });
        });
        now += 90_000;
      });

      test("reads values of every type, changes them, and carries the login along", async () => {
        const { found } = visitFlask([OLD_SECRET, SECRET]);
        const { _keepsake, ...values } = found ?? {};
        assert.deepEqual(values, {
          tuple: "('ours',)",
          bytes: "b'\\x00\\xff'",
          markup: "Markup('<b>é</b>')",
          uuid: "UUID('80000000-0000-0000-0000-000000000007')",
          date: "datetime.datetime(2025, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)",
          escaped: "{' t': 1}",
          n: "1",
        });
        assert.match(_keepsake ?? "", /'subject': 'ada'/);
        await visitor.visit((session) => {
          assert.equal(session.subject, "ada");
          assert.deepEqual({ ...session.toObject() }, { ...VALUES, n: 1 });
          session.set("n", 2);
        });
        now += 90_000;
        assert.equal(visitFlask([OLDEST_SECRET, SECRET]).found?.n, "2");
        assert.equal(await visitor.see((session) => session.get("n")), 2);
      });

      test("with an older key signs what is a session here, too", async () => {
        jar.store("session=; Path=/; Secure; Max-Age=0");
        assert.deepEqual(visitFlask([OLD_SECRET]).found, {});
        assert.deepEqual(await visitor.see((session) => session.toObject()), VALUES);
      });

      test("shows what a visitor sent as the object that it is, and never as markup", async () => {
        const name = { " m": "<script>" };
        await visitor.visit((session) => session.set("name", name));
        const { shown, found } = visitFlask([SECRET], {
          does: {},
          shows: "{{ name }} {{ markup }}",
        });
        assert.equal(shown, "{&#39; m&#39;: &#39;&lt;script&gt;&#39;} <b>é</b>");
        assert.equal(found?.name, "{' m': '<script>'}");
        assert.deepEqual(await visitor.see((session) => session.get("name")), name);
      });

      test("logs users in and out, and subjectFrom knows each of them", async () => {
        jar.store("session=; Path=/; Secure; Max-Age=0");
        const both = new Visitor(
          new CookieSessionStore<Any>({
            sealer: flaskSealer(SECRET, { subjectFrom: ({ user_id }) => user_id as Any }),
            serializer: taggedJson,
            cookie: { name: "session", prefix: "none" },
            clock: () => now,
          }),
          jar,
        );
        const subject = () => both.see((session) => session.subject);
        visitFlask([SECRET], { does: { set: { user_id: "ada" } } });
        assert.equal(await subject(), "ada");
        await both.visit((session) => session.set("cart", ["tea"]));
        now += 1000;
        visitFlask([SECRET], { does: { set: { n: 1 } } });
        assert.equal(await subject(), "ada");
        visitFlask([SECRET], { does: { pop: ["user_id"] } });
        assert.equal(await subject(), undefined);
        visitFlask([SECRET], { does: { set: { user_id: "bob" } } });
        assert.equal(await subject(), "bob");
        await both.visit((session) => {
          assert.deepEqual(session.get("cart"), ["tea"]);
          session.login("eve");
          session.set("user_id", "eve");
        });
        assert.equal(visitFlask([SECRET], { does: {} }).found?.user_id, "'eve'");
        await both.visit((session) => session.logout());
        assert.deepEqual(visitFlask([SECRET], { does: {} }).found, {});
      });
    });
  });
}
