import assert from "node:assert/strict";
import { test } from "node:test";
import type { Conflict } from "keepsake";
import { type Any, SECRET } from "./kit.test.ts";
import { BOTH, cookieOf, inFlight, loggedIn, scene, withData } from "./server/server-kit.test.ts";

test("requirement 69, invariant 7: what another request stores during a login does not survive it unless keep names it, in a session that was empty too", async () => {
  const stores: ((session: Any) => void)[] = [
    (session) => session.set("iban", "A's"),
    (session) => session.flash("note", "A's"),
    (session) => session.modify("cart", () => ["A's"]),
  ];
  for (const options of BOTH) {
    for (const store of stores) {
      for (const begin of ["as another user", "as a stranger, who planted it"]) {
        const stage = scene(options);
        const { visitor } = await loggedIn(stage, "ada");
        if (begin !== "as another user") {
          await visitor.visit((session) => session.logout());
          await visitor.visit((session) => session.set("a", 1));
          await visitor.visit((session) => session.delete("a"));
        }
        const cookie = visitor.jar.header;
        const login = await inFlight(stage.store, cookie);
        const meanwhile = await inFlight(stage.another(), cookie);
        store(meanwhile.session);
        await meanwhile.finish();
        login.session.login("bob", { keep: ["cart"] });
        const { session } = await inFlight(stage.store, cookieOf(await login.finish()));
        assert.equal(session.subject, "bob");
        const isKept = begin !== "as another user" && store === stores[2];
        assert.deepEqual(session.toObject(), isKept ? { cart: ["A's"] } : {});
      }
    }
  }
});

test("invariant 7: after a login onConflict is not shown the data of the user before, and cannot make the login fail", async () => {
  for (const policy of ["fail", "function"] as const) {
    const asked: Conflict[] = [];
    const onConflict =
      policy === "fail" ? policy : (conflict: Conflict) => asked.push(conflict) && conflict.theirs;
    const stage = scene({ onConflict, secret: SECRET });
    const { visitor } = await loggedIn(stage, "ada");
    await visitor.visit((session) => session.set("tags", ["a1"]));
    const cookie = visitor.jar.header;
    const login = await inFlight(stage.store, cookie);
    const meanwhile = await inFlight(stage.another(), cookie);
    meanwhile.session.set("tags", ["a1", "SECRET"]);
    await meanwhile.finish();
    login.session.login("bob");
    login.session.set("tags", ["b"]);
    const { session } = await inFlight(stage.store, cookieOf(await login.finish()));
    assert.deepEqual([session.subject, session.toObject()], ["bob", { tags: ["b"] }]);
    assert.deepEqual(asked, []);
  }
});

test("invariant 8, renewal keeps everyone in: a request that began before the grace ended saves after it", async () => {
  for (const options of BOTH) {
    const stage = scene({ ...options, renewAfter: 10, idleTimeout: 900 });
    const { visitor, cookie } = await withData(stage, { a: 1 });
    stage.time.advance(11);
    const upload = await inFlight(stage.store, cookie);
    await visitor.visit((session) => session.get("a"));
    await visitor.visit((session) => session.get("a"));
    stage.time.advance(31);
    upload.session.set("uploaded", true);
    await upload.finish();
    const data = await visitor.see((session) => session.toObject());
    assert.deepEqual(data, { a: 1, uploaded: true });
    const late = await inFlight(stage.store, cookie);
    assert.equal(late.session.isNew, true, "the old token itself is good no more");
  }
});
