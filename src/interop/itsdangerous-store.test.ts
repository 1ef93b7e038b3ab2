import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { xchachaSealer } from "keepsake";
import { toBase64url } from "../core/base64url.ts";
import { type Any, OLD_SECRET, refusal, runs, SECRET, seeded } from "../core/kit.test.ts";
import { pythonWrites, Scene, SIDES } from "./_itsdangerous-kit.test.ts";

const HOUR = 3600;

/** Text that no compression makes shorter. */
function unlike(length: number): string {
  return toBase64url(seeded()(length)).slice(0, length);
}

for (const side of SIDES) {
  describe(`A CookieSessionStore with ${side.name}Sealer`, () => {
    test("invariant 16, any JSON value round-trips", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 }),
          async (values) => {
            fc.pre(JSON.stringify(values).length < 1200 && !Object.hasOwn(values, "_keepsake"));
            const visitor = new Scene(side).here();
            await visitor.visit((session) =>
              session.update({ ...values, "\0é\ud800": "\0é\ud800" }),
            );
            const seen = await visitor.see((session) => session.toObject());
            assert.deepEqual(
              seen,
              JSON.parse(JSON.stringify({ ...values, "\0é\ud800": "\0é\ud800" })),
            );
          },
        ),
        runs(60),
      );
    });

    test("a session of Python's is a session here, and a change goes back", async () => {
      const scene = new Scene(side);
      scene.there(() => ({ user: "ada", cart: [1, { n: null }] }));
      await scene.here().visit((session) => {
        assert.equal(session.isNew, false);
        assert.equal(session.subject, undefined);
        session.get("cart").push("tea");
      });
      scene.there(({ _keepsake, ...values }) => {
        assert.deepEqual(values, { user: "ada", cart: [1, { n: null }, "tea"] });
      });
    });

    test("what both change is kept, and so are handle, login and flash", async () => {
      const scene = new Scene(side);
      const visitor = scene.here();
      const { session } = await visitor.visit((session) => {
        session.login("ada");
        session.set("mine", 1);
        session.flash("note", "welcome");
      });
      scene.time.advance(1.5);
      scene.there((values) => ({ theirs: 2, ...values }));
      await visitor.visit((after) => {
        assert.equal(after.id, session.id);
        assert.equal(after.subject, "ada");
        assert.equal(after.get("note"), "welcome");
        assert.deepEqual([after.get("mine"), after.get("theirs")], [1, 2]);
        after.set("mine", 3);
      });
      scene.time.advance(1.5);
      scene.there((values) => {
        assert.deepEqual([values.mine, values.theirs], [3, 2]);
      });
      assert.equal(await visitor.see((after) => after.has("note")), false, "read once");
    });

    test("invariant 9, time ends sessions: a use there counts, and moves no absolute end", async () => {
      const scene = new Scene(side);
      const visitor = scene.here();
      await visitor.visit((session) => session.login("ada"));
      for (let use = 1; use <= 11; use += 1) {
        scene.time.advance(0.9 * HOUR);
        scene.there(() => undefined);
        assert.equal(await visitor.see((session) => session.subject), "ada");
      }
      // After 9.9 hours; the next is more than ten after the login, however busy both have been.
      scene.time.advance(0.9 * HOUR);
      scene.there(() => undefined);
      assert.deepEqual(await visitor.see((session) => [session.subject, session.isNew]), [
        undefined,
        true,
      ]);
    });

    test("invariant 9, time ends sessions: idle ones too, whoever signed last", async () => {
      for (const last of ["here", "there"]) {
        const scene = new Scene(side);
        const visitor = scene.here();
        await visitor.visit((session) => session.login("ada"));
        scene.time.advance(60);
        if (last === "there") scene.there(() => undefined);
        else await visitor.visit((session) => session.set("a", 1));
        scene.time.advance(HOUR - 1);
        assert.equal(await scene.here().see((session) => session.isNew), false);
        const cookie = `session=${scene.jar.value("session")}`;
        scene.time.advance(HOUR * 0.2);
        const without = await scene.here().visit(() => undefined, { cookie });
        assert.equal(without.session.isNew, true, last);
      }
    });

    test("a note of use keeps a session of either side that is only read", async () => {
      for (const begin of ["here", "there"]) {
        const scene = new Scene(side);
        const visitor = scene.here();
        if (begin === "here") await visitor.visit((session) => session.set("a", 1));
        else scene.there(() => ({ a: 1 }));
        const token = scene.jar.value("session");
        for (let uses = 0; uses < 10; uses += 1) {
          scene.time.advance(0.6 * HOUR);
          assert.equal(await visitor.see((session) => session.get("a")), 1);
        }
        assert.equal(scene.jar.value("session"), token, "a use never sends the data again");
        assert.deepEqual(scene.jar.names, ["session", "session-seen"]);
        scene.time.advance(1.2 * HOUR);
        assert.equal(await visitor.see((session) => session.isNew), true);
      }
    });

    test("logout deletes the cookie; a copy of it works until its timeouts end", async () => {
      const scene = new Scene(side);
      const visitor = scene.here();
      await visitor.visit((session) => session.login("ada"));
      const copied = `session=${scene.jar.value("session")}`;
      await visitor.visit((session) => session.logout());
      assert.deepEqual(scene.jar.names, []);
      const { session } = await scene.here().visit(() => undefined, { cookie: copied });
      assert.equal(session.subject, "ada");
    });

    test("the other side's logout ends the login here", async () => {
      const scene = new Scene(side);
      const visitor = scene.here();
      await visitor.visit((session) => session.login("ada"));
      scene.there(() => ({ goodbye: true }));
      const seen = await visitor.see((session) => [session.subject, session.toObject()]);
      assert.deepEqual(seen, [undefined, { goodbye: true }]);
    });

    test("a session nested deeper than the limits can be read, but not saved", async () => {
      const scene = new Scene(side);
      const deep = JSON.parse(`${"[".repeat(40)}${"]".repeat(40)}`);
      scene.there(() => ({ deep, a: 1 }));
      const visitor = scene.here();
      await visitor.visit((session) => session.get("deep"));
      assert.deepEqual(await visitor.see((session) => session.toObject()), { deep, a: 1 });
      const change = visitor.visit((session) => session.set("a", 2));
      await assert.rejects(change, refusal("ERR_SESSION_VALUE", "limits.depth"));
      const rid = await visitor.visit((session) => session.delete("deep"));
      assert.equal(rid.setCookie.length, 1);
    });

    test("a session goes into one cookie, because the other side cannot put two together", async () => {
      const scene = new Scene(side);
      const sealers = [side.sealer(SECRET), [side.sealer(SECRET), xchachaSealer(OLD_SECRET)]];
      for (const sealer of sealers) {
        const cookie = { name: "session", prefix: "none" as const, chunks: 2 as const };
        assert.throws(
          () => scene.here({ sealer, cookie }),
          refusal("ERR_SESSION_CONFIG", "session", "chunks"),
        );
        await assert.rejects(
          scene.here({ sealer }).visit((session) => session.set("a", unlike(4000))),
          (error: Any) => error.code === "ERR_COOKIE_TOO_LARGE" && !/chunks/.test(error.message),
        );
      }
      const cookie = { name: "session", prefix: "none" as const, chunks: 2 as const };
      scene.here({ sealer: [xchachaSealer(OLD_SECRET), side.sealer(SECRET)], cookie });
    });

    test("invariant 12, keys rotate without logging anyone out, and are re-sealed at the next save", async () => {
      const scene = new Scene(side);
      await scene.here().visit((session) => session.login("ada"));
      const rotated = scene.here({ sealer: side.sealer([OLD_SECRET, SECRET]) });
      assert.equal(await rotated.see((session) => session.subject), "ada");
      await rotated.visit((session) => session.set("a", 1));
      const only = scene.here({ sealer: side.sealer(OLD_SECRET) });
      assert.equal(await only.see((session) => session.subject), "ada");
    });

    test("it moves to keepsake's own format, and nobody is logged out", async () => {
      const scene = new Scene(side);
      scene.there(() => ({ user: "ada" }));
      const moving = scene.here({ sealer: [xchachaSealer(OLD_SECRET), side.sealer(SECRET)] });
      await moving.visit((session) => {
        assert.equal(session.get("user"), "ada");
        session.login("ada", { keep: ["user"] });
      });
      assert.match(scene.jar.value("session") ?? "", /^k1\./);
      assert.equal(await moving.see((session) => session.subject), "ada");
    });

    test("a number that would be changed is no session, and an event", async () => {
      const scene = new Scene(side);
      scene.there(() => ({ a: 1 }));
      const text = '{"id":12345678901234567890}';
      const cookie = `session=${pythonWrites(side, SECRET, text, Math.floor(scene.time.now / 1000))}`;
      const { session } = await scene.here().visit(() => undefined, { cookie });
      assert.equal(session.isNew, true);
      assert.deepEqual(
        scene.events.map(({ type, reason }) => [type, reason]),
        [
          [
            "data-refused",
            "it has a number that JavaScript cannot hold, such as NaN or 2 ** 53 + 1",
          ],
        ],
      );
      // Whatever the serializer makes of what stands in its place.
      const serializer = { parse: () => ({ id: 1 }), stringify: JSON.stringify };
      const other = await scene.here({ serializer }).visit(() => undefined, { cookie });
      assert.equal(other.session.isNew, true);
    });

    test("the key _keepsake is refused to the application", async () => {
      const visitor = new Scene(side).here();
      await assert.rejects(
        visitor.visit((session) => session.set("_keepsake", 1)),
        refusal("ERR_SESSION_VALUE", "_keepsake"),
      );
      assert.deepEqual(visitor.jar.names, []);
    });

    test("a cookie from the future is no session", async () => {
      const scene = new Scene(side);
      scene.time.advance(120);
      scene.there(() => ({ a: 1 }));
      scene.time.advance(-120);
      assert.equal(await scene.here().see((session) => session.isNew), true);
    });
  });
}
