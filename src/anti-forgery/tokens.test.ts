import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CookieSessionStore, InMemorySessionStore, Session, type SessionStore } from "keepsake";
import { formField, token } from "keepsake/anti-forgery";
import { ANTI_FORGERY_BYTES } from "../core/anti-forgery-secret.ts";
import { type Loose, refusal, runs, SECRET, seeded, Time } from "../core/kit.test.ts";
import { FIELD, TOKEN, Visit } from "./kit.test.ts";
import { createToken, isTokenOf } from "./token.ts";

const STORES: Record<string, (time: Time) => SessionStore<Record<string, unknown>>> = {
  sealed: ({ clock }) => new CookieSessionStore({ secret: SECRET, clock }),
  memory: ({ clock }) => new InMemorySessionStore({ clock, renewAfter: 3600 }),
};

const textOf = async (response: Response): Promise<string> => response.text();

for (const [kind, create] of Object.entries(STORES)) {
  const begin = async (): Promise<{ time: Time; visit: Visit; shown: string }> => {
    const time = new Time();
    const visit = new Visit(time, create(time));
    await visit.show((session) => session.login("ada"));
    return { time, visit, shown: await textOf(await visit.show((session) => token(session))) };
  };
  const standing = async (visit: Visit, shown: string): Promise<number> =>
    (await visit.post({ [TOKEN]: shown })).status;

  test(`${kind}: a token is good as long as the session, through changes and renewals`, async () => {
    const { time, visit, shown } = await begin();
    assert.equal(await standing(visit, shown), 200);
    await visit.show((session) => session.set("a", 1));
    for (let renewal = 0; renewal < 3; renewal += 1) {
      time.advance(3601);
      await visit.show((session) => session.get("a"));
      assert.equal(await standing(visit, shown), 200, `after renewal ${renewal + 1}`);
    }
  });

  test(`${kind}: requirement 81, a login, a regeneration and a logout make it worthless`, async () => {
    for (const act of ["login", "regenerate", "logout"] as const) {
      const { visit, shown } = await begin();
      let next = "";
      await visit.show((session) => {
        if (act === "login") session.login("ada");
        else session[act]();
        next = token(session);
      });
      assert.equal(await standing(visit, shown), 403, act);
      assert.equal(await standing(visit, next), 200, `the form of the answer, after ${act}`);
    }
  });

  test(`${kind}: a form that is shown before the session begins in the same request is good`, async () => {
    const time = new Time();
    const visit = new Visit(time, create(time));
    const shown = await textOf(
      await visit.show((session) => {
        const early = token(session);
        session.set("cart", ["tea"]);
        return early;
      }),
    );
    assert.equal(await standing(visit, shown), 200);
  });

  test(`${kind}: a form is good where the session that it was bound to is not stored after all`, async () => {
    const acts: Record<string, (session: Loose) => unknown> = {
      "a notice was all it held": (session) => {
        const early = token(session);
        session.get("notice");
        return early;
      },
      "the answer is a 500": (session) => {
        session.set("a", 1);
        return new Response(token(session), { status: 500 });
      },
      "it was emptied again": (session) => {
        session.set("a", 1);
        const early = token(session);
        session.clear();
        return early;
      },
    };
    for (const [why, act] of Object.entries(acts)) {
      const time = new Time();
      const visit = new Visit(time, create(time));
      if (why === "a notice was all it held") {
        await visit.show((session) => session.flash("notice", "Bye"));
      }
      const shown = await textOf(await visit.show(act));
      assert.equal(await standing(visit, shown), 200, why);
    }
  });

  test(`${kind}: requirement 81, an attacker's own cookie and token do not fit a user's session`, async () => {
    const { time, visit } = await begin();
    const attacker = new Visit(time, create(time));
    const shown = await textOf(await attacker.show((session) => token(session)));
    visit.jar.store(
      new Response(null, { headers: { "set-cookie": `${attacker.jar.header()}; Path=/; Secure` } }),
    );
    assert.equal(await standing(visit, shown), 403);
    assert.deepEqual(visit.reasons, ["bad-token"]);
  });

  test(`${kind}: requirement 82, a login form is protected before there is a session`, async () => {
    const time = new Time();
    const visit = new Visit(time, create(time));
    const shown = await textOf(await visit.show((session) => token(session)));
    const headers = { [TOKEN]: shown };
    const login = await visit.post(headers, undefined, (session) => session.login("ada"));
    assert.equal(login.status, 200);
    const lines = login.headers.getSetCookie();
    assert.ok(
      lines.some((line) => line.startsWith("__Host-aftoken=; Max-Age=0")),
      lines.join("\n"),
    );
    assert.equal(await standing(visit, shown), 403, "after the login");
  });
}

test("a visitor's cookie lasts an hour after a form was last shown", async () => {
  const time = new Time();
  const visit = new Visit(time, new InMemorySessionStore({ clock: time.clock }));
  const first = await textOf(await visit.show((session) => token(session)));
  time.advance(3000);
  await visit.show((session) => token(session));
  time.advance(3000);
  assert.equal((await visit.post({ [TOKEN]: first })).status, 200);
  time.advance(601);
  // Neither a cookie nor, by now, anything to abuse; but what was sent is not a token.
  assert.equal((await visit.post({ [TOKEN]: first })).status, 403);
});

test("two cookies for forms are none", async () => {
  const time = new Time();
  const visit = new Visit(time, new InMemorySessionStore({ clock: time.clock }));
  const shown = await textOf(await visit.show((session) => token(session)));
  const planted = `__Host-aftoken=${"A".repeat(43)}; ${visit.jar.header()}`;
  const other = new Visit(time, new InMemorySessionStore({ clock: time.clock }));
  const { status } = await other.post({ [TOKEN]: shown, cookie: planted });
  assert.equal(status, 403);
});

test("a store of one's own that keeps no secret is protected by the cookie", async () => {
  const time = new Time();
  const kept = new Map<string, string>();
  const store: SessionStore<Record<string, unknown>> = {
    load(request) {
      const id = /id=(\w+)/.exec(request.headers.get("cookie") ?? "")?.[1];
      return id === undefined
        ? new Session()
        : new Session(JSON.parse(kept.get(id) ?? "{}"), { id, subject: "ada" });
    },
    save(_request, response, session) {
      if (!session.modified) return;
      kept.set("one", JSON.stringify(session.toObject()));
      response.headers.append("set-cookie", "id=one; Path=/");
    },
  };
  const visit = new Visit(time, store);
  await visit.show((session) => session.login("ada"));
  const page = await visit.show((session) => formField(session));
  assert.match(page.headers.getSetCookie().join(), /^__Host-aftoken=/);
  const shown = /value="([\w-]+)"/.exec(await page.text())?.[1] ?? "";
  assert.equal((await visit.post({ [TOKEN]: shown })).status, 200);
  assert.equal((await visit.post({ [TOKEN]: "junk" })).status, 403);
});

test("formField is an input that is safe in HTML, under the name that was chosen", async () => {
  const time = new Time();
  const visit = new Visit(time, new InMemorySessionStore({ clock: time.clock }), {
    fieldName: "csrf.token",
    headerName: "X-CSRF-Token",
  });
  const text = await textOf(await visit.show((session) => formField(session)));
  assert.match(text, /^<input type="hidden" name="csrf\.token" value="[\w-]{64}">$/);
  const shown = /value="([\w-]+)"/.exec(text)?.[1] ?? "";
  assert.equal((await visit.post({ "x-csrf-token": shown })).status, 200);
  assert.equal((await visit.post({}, new URLSearchParams({ "csrf.token": shown }))).status, 200);
  assert.equal((await visit.post({}, new URLSearchParams({ [FIELD]: shown }))).status, 403);
});

test("without antiForgery() a stranger's form has nothing to be bound to, and says so", () => {
  assert.throws(() => token(new Session()), refusal("ERR_SESSION_MISSING", "antiForgery()"));
});

test("a token is 64 characters of one spelling, and fits its secret alone", () => {
  const random = seeded(7);
  const bytes = fc.uint8Array({ minLength: ANTI_FORGERY_BYTES, maxLength: ANTI_FORGERY_BYTES });
  fc.assert(
    fc.property(bytes, bytes, fc.nat(63), fc.nat(), (secret, other, at, shift) => {
      const made = createToken(secret, random);
      assert.match(made, /^[\w-]{64}$/);
      assert.ok(isTokenOf(secret, made));
      const isSame = String(secret) === String(other);
      assert.equal(isTokenOf(other, made), isSame);
      const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
      const place = (alphabet.indexOf(made[at] ?? "") + 1 + (shift % 63)) % 64;
      const changed = made.slice(0, at) + alphabet[place] + made.slice(at + 1);
      assert.ok(!isTokenOf(secret, changed), "a changed character");
      for (const spelling of [`${made}=`, ` ${made}`, `${made}\n`, made.slice(0, -1)]) {
        assert.ok(!isTokenOf(secret, spelling));
      }
    }),
    runs(),
  );
});

test("whatever is sent as a token is never an exception", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ minLength: 64, maxLength: 64 })), (text) => {
      assert.ok(!isTokenOf(new Uint8Array(ANTI_FORGERY_BYTES), text));
    }),
    runs(),
  );
});
