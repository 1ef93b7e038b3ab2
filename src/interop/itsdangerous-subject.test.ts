import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { xchachaSealer } from "keepsake";
import { type Any, OLD_SECRET, refusal, SECRET } from "../core/kit.test.ts";
import { internals } from "../core/session.ts";
import { Scene, SIDES } from "./_itsdangerous-kit.test.ts";

for (const side of SIDES) {
  describe(`subjectFrom of ${side.name}Sealer`, () => {
    const subjectFrom = ({ user }: Any) => user;
    const begin = () => {
      const scene = new Scene(side);
      return { scene, visitor: scene.here({ sealer: side.sealer(SECRET, { subjectFrom }) }) };
    };
    const stateOf = ({ subject, id, createdAt, authenticatedAt }: Any) => ({
      subject,
      id,
      createdAt: createdAt.getTime(),
      authenticatedAt: authenticatedAt?.getTime(),
    });

    test("who the other side logs in is logged in here, since its signature", async () => {
      const { scene, visitor } = begin();
      scene.there(() => ({ user: "ada" }));
      const at = scene.time.now;
      scene.time.advance(60);
      const seen = await visitor.see(stateOf);
      const expected = { subject: "ada", createdAt: at, authenticatedAt: undefined };
      assert.deepEqual({ ...seen, id: "" }, { ...expected, id: "" });
      // Once saved here it is the same session, whatever the other side changes.
      assert.equal(await visitor.see(internals.storedAntiForgerySecret), undefined);
      await visitor.visit((session) => session.set("a", 1));
      scene.time.advance(60);
      scene.there((values) => ({ ...values, b: 2 }));
      assert.deepEqual(await visitor.see(stateOf), seen);
    });

    test("who it logs out is a stranger here, and who it logs in next is another", async () => {
      const { scene, visitor } = begin();
      await visitor.visit((session) => {
        session.login("ada");
        session.update({ user: "ada", cart: ["tea"] });
        session.flash("note", "for ada");
      });
      const ada = await visitor.see(stateOf);
      assert.match((await visitor.see(internals.storedAntiForgerySecret)) ?? "", /^[\w-]{43}$/);
      assert.equal(ada.authenticatedAt, scene.time.now);
      scene.time.advance(60);
      scene.there(({ user, ...values }) => values);
      const nobody = await visitor.see(stateOf);
      assert.equal(await visitor.see(internals.storedAntiForgerySecret), undefined);
      assert.equal(nobody.subject, undefined);
      assert.notEqual(nobody.id, ada.id);
      assert.equal(nobody.createdAt, scene.time.now);
      scene.time.advance(60);
      scene.there((values) => ({ ...values, user: "bob" }));
      const bob = await visitor.see((session) => ({
        ...stateOf(session),
        note: session.get("note"),
        cart: session.get("cart"),
      }));
      assert.deepEqual(
        [bob.subject, bob.authenticatedAt, bob.note, bob.cart],
        ["bob", undefined, undefined, ["tea"]],
      );
      assert.ok(bob.id !== ada.id && bob.id !== nobody.id);
    });

    test("a login here that the data does not show is refused, and so is the reverse", async () => {
      const { visitor } = begin();
      const acts: ((session: Any) => void)[] = [
        (session) => session.login("ada"),
        (session) => session.set("user", "ada"),
        (session) => session.login("ada") ?? session.set("user", "bob"),
      ];
      for (const act of acts) {
        await assert.rejects(visitor.visit(act), refusal("ERR_SESSION_VALUE", "subjectFrom"));
      }
      await visitor.visit((session) => session.login("ada") ?? session.set("user", "ada"));
      await visitor.visit((session) => session.logout() ?? session.set("a", 1));
      assert.equal(await visitor.see(({ subject }) => subject), undefined);
    });

    test("what cannot be a subject is none", async () => {
      const { scene, visitor } = begin();
      for (const user of [7, "", null, {}, ["ada"], "a\0", "x".repeat(1025)]) {
        scene.there(() => ({ user }));
        assert.equal(await visitor.see(({ subject }) => subject), undefined);
      }
    });

    test("it is asked about what is read, also in a list of sealers", async () => {
      const { scene } = begin();
      scene.there(() => ({ user: "ada" }));
      const sealer = [xchachaSealer(OLD_SECRET), side.sealer(SECRET, { subjectFrom })];
      const visitor = scene.here({ sealer });
      await visitor.visit((session) => session.set("a", 1));
      assert.match(scene.jar.value("session") ?? "", /^k1\./);
      assert.equal(await visitor.see(({ subject }) => subject), "ada");
    });
  });
}
