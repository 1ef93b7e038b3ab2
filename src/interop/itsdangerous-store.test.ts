import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { CookieSessionStore, type CookieSessionStoreOptions, xchachaSealer } from "keepsake";
import { Tuple, taggedJson } from "keepsake/interop/itsdangerous";
import {
  type Any,
  Jar,
  OLD_SECRET,
  recorder,
  refusal,
  runs,
  SECRET,
  Time,
  Visitor,
} from "../core/kit.test.ts";
import { pythonReads, pythonWrites, SIDES, type Side } from "./_itsdangerous-kit.test.ts";

const HOUR = 3600;

/** A visitor of two services, and their clock. */
class Scene {
  readonly time = new Time();
  readonly jar = new Jar(undefined, this.time.clock);
  readonly events: Any[] = [];
  readonly #side: Side;

  constructor(side: Side) {
    this.#side = side;
  }

  /** The service that is made with keepsake. */
  here(options: CookieSessionStoreOptions = {}): Visitor {
    const { events, onEvent } = recorder();
    const store = new CookieSessionStore<Any>({
      sealer: this.#side.sealer(SECRET),
      cookie: { name: "session", prefix: "none" },
      clock: this.time.clock,
      idleTimeout: HOUR,
      absoluteTimeout: 10 * HOUR,
      onEvent: (event) => {
        onEvent(event);
        this.events.push(...events.splice(0));
      },
      ...options,
    });
    return new Visitor(store, this.jar);
  }

  /** The service in Python: reads its cookie, changes what it found, and signs that. */
  there(change: (values: Any) => Any, secret = SECRET): void {
    const cookie = this.jar.value("session");
    const json = cookie === undefined ? "{}" : pythonReads(this.#side, secret, cookie);
    assert.ok(json, "Python cannot read the cookie");
    const values = JSON.parse(json);
    const changed = change(values) ?? values;
    const seconds = Math.floor(this.time.now / 1000);
    const written = pythonWrites(this.#side, secret, JSON.stringify(changed), seconds);
    this.jar.store(`session=${written}; Path=/; HttpOnly; Secure; SameSite=Lax`);
  }
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
        scene.events.map(({ type }) => type),
        ["data-refused"],
      );
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

describe("A CookieSessionStore with flaskSealer", () => {
  const flask = SIDES.find(({ name }) => name === "flask") ?? assert.fail();

  test("with taggedJson, Python's values are values, and go back as they came", async () => {
    const scene = new Scene(flask);
    const wire = {
      at: { " d": "Wed, 01 Jan 2025 12:00:00 GMT" },
      point: { " t": [1, { " b": "AAH/" }] },
    };
    scene.there(() => wire);
    await scene.here({ serializer: taggedJson }).visit((session) => {
      assert.deepEqual(session.get("at"), new Date("2025-01-01T12:00:00Z"));
      assert.deepEqual(session.get("point"), new Tuple(1, Uint8Array.of(0, 1, 255)));
      session.set("n", 1);
    });
    scene.there(({ _keepsake, ...values }) => {
      assert.deepEqual(values, { ...wire, n: 1 });
    });
  });

  test("without it they are carried along as they are on the wire", async () => {
    const scene = new Scene(flask);
    scene.there(() => ({ point: { " t": [1, 2] }, a: 1 }));
    await scene.here().visit((session) => {
      assert.deepEqual(session.get("point"), { " t": [1, 2] });
      session.set("a", 2);
    });
    scene.there(({ point }) => {
      assert.deepEqual(point, { " t": [1, 2] });
    });
  });

  test("a tag around what it cannot be is data that is refused", async () => {
    const scene = new Scene(flask);
    scene.there(() => ({ a: { " t": 7 } }));
    const visitor = scene.here({ serializer: taggedJson });
    assert.equal(await visitor.see((session) => session.isNew), true);
    assert.equal(scene.events[0]?.type, "data-refused");
  });
});
