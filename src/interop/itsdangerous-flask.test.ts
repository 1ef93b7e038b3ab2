import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { xchachaSealer } from "keepsake";
import { Markup, Tuple, taggedJson } from "keepsake/interop/itsdangerous";
import { type Any, OLD_SECRET, refusal, SECRET } from "../core/kit.test.ts";
import { Scene, SIDES } from "./_itsdangerous-kit.test.ts";

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

  const MARKUP = { " m": "<script>" };

  test("without it nothing that the application sets is taken for a tag", async () => {
    const scene = new Scene(flask);
    const visitor = scene.here();
    const acts: ((session: Any) => void)[] = [
      (session) => session.set("name", MARKUP),
      (session) => session.set("list", [{ deep: [MARKUP] }]),
      ...[" u", " t", " b", " d", " di"].map(
        (tag) => (session: Any) => session.set("name", { [tag]: "zz" }),
      ),
    ];
    for (const act of acts) {
      await assert.rejects(visitor.visit(act), refusal("ERR_SESSION_VALUE", "taggedJson"));
    }
    await assert.rejects(
      visitor.visit((session) => session.set("list", [{ "a b": [1, MARKUP] }])),
      refusal("ERR_SESSION_VALUE", 'list[0]["a b"][1] is'),
    );
    assert.deepEqual(scene.jar.names, []);
    await visitor.visit((session) => session.set("name", { ...MARKUP, b: 1 }));
    scene.there(({ name }) => {
      assert.deepEqual(name, { ...MARKUP, b: 1 });
    });
  });

  test("without it what came tagged goes on, under any key and after a login, but unchanged alone", async () => {
    const scene = new Scene(flask);
    const flashes = [{ " t": ["message", "saved"] }];
    scene.there(() => ({ _flashes: flashes, html: { " m": "<b>" } }));
    const visitor = scene.here();
    await visitor.visit((session) => {
      session.login("ada", { keep: ["_flashes"] });
      session.set("copy", session.get("_flashes"));
    });
    scene.there(({ _flashes, copy }) => {
      assert.deepEqual([_flashes, copy], [flashes, flashes]);
    });
    for (const act of [
      (session: Any) => session.get("_flashes")[0][" t"].push("more"),
      (session: Any) => session.set("html", { " m": "<b>" }),
    ]) {
      await assert.rejects(visitor.visit(act), refusal("ERR_SESSION_VALUE", "taggedJson"));
    }
  });

  test("what looks like a tag in another sealer's token was none, and is not carried into this one", async () => {
    const scene = new Scene(flask);
    const old = xchachaSealer(OLD_SECRET);
    await scene.here({ sealer: old }).visit((session) => session.set("name", MARKUP));
    const visitor = scene.here({ sealer: [flask.sealer(SECRET), old] });
    assert.deepEqual(await visitor.see((session) => session.get("name")), MARKUP);
    await assert.rejects(
      visitor.visit((session) => session.set("a", 1)),
      refusal("ERR_SESSION_VALUE", "taggedJson"),
    );
  });

  test("with taggedJson what looks like a tag is the object that it is, on both sides", async () => {
    const scene = new Scene(flask);
    const visitor = scene.here({ serializer: taggedJson });
    await visitor.visit((session) => session.update({ name: MARKUP, html: new Markup("<b>") }));
    scene.there(({ name, html }) => {
      assert.deepEqual([name, html], [{ " di": { " m__": "<script>" } }, { " m": "<b>" }]);
    });
    assert.deepEqual(await visitor.see((session) => session.toObject()), {
      name: MARKUP,
      html: new Markup("<b>"),
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
