import assert from "node:assert/strict";
import { test } from "node:test";
import type { Conflict } from "keepsake";
import { type Any, type Loose, refusal } from "./kit.test.ts";
import {
  ABSOLUTE,
  BOTH,
  cookieOf,
  inFlight,
  loggedIn,
  type Scene,
  scene,
  tokenOf,
  withData,
} from "./server/server-kit.test.ts";

interface KeepCase {
  readonly before: Any;
  readonly keep?: readonly string[];
  readonly meanwhile: (session: Loose) => unknown;
  readonly after: Any;
  /** What the request that logs in does besides. */
  readonly also?: (session: Loose) => unknown;
}

const push = (item: string) => (list: Any) => [...(list ?? []), item];

/** A stranger's login, during which another request of the same visitor is answered. Gives the session after it. */
async function loginDuring(stage: Scene, { before, keep = ["cart"], meanwhile, also }: KeepCase) {
  const visitor = stage.visitor();
  await visitor.visit((session) => {
    const { flash, ...data } = before;
    session.update({ role: "admin", ...data });
    if (flash !== undefined) session.flash("cart", flash);
  });
  const cookie = visitor.jar.header;
  const login = await inFlight(stage.store, cookie);
  const other = await inFlight(stage.another(), cookie);
  meanwhile(other.session);
  await other.finish();
  login.session.login("ada", { keep });
  also?.(login.session);
  const { session } = await inFlight(stage.store, cookieOf(await login.finish()));
  assert.equal(session.subject, "ada");
  return session;
}

const KEPT: Record<string, KeepCase> = {
  "is modified": {
    before: { cart: ["tea"] },
    meanwhile: (session) => session.modify("cart", push("milk")),
    after: { cart: ["tea", "milk"] },
  },
  "is set, beside others": {
    before: { cart: ["tea"], color: "red", size: 1, seen: 1 },
    keep: ["cart", "color", "size"],
    meanwhile: (session) => session.update({ cart: [], color: "blue", seen: 2, planted: true }),
    after: { cart: [], color: "blue", size: 1 },
  },
  "is changed in place": {
    before: { cart: ["tea"] },
    meanwhile: (session) => session.get("cart").push("milk"),
    after: { cart: ["tea", "milk"] },
  },
  "is made": {
    before: {},
    meanwhile: (session) => session.modify("cart", push("milk")),
    after: { cart: ["milk"] },
  },
  "is deleted": {
    before: { cart: ["tea"] },
    meanwhile: (session) => session.delete("cart"),
    after: {},
  },
  "is cleared away": {
    before: { cart: ["tea"] },
    meanwhile: (session) => session.clear(),
    after: {},
  },
  "is flashed": {
    before: { cart: ["tea"] },
    meanwhile: (session) => session.flash("cart", "note"),
    after: { cart: "note" },
  },
  "is flashed anew": {
    before: { flash: "first" },
    meanwhile: (session) => session.flash("cart", "second"),
    also: (session) => session.get("cart"),
    after: { cart: "second" },
  },
  "was flashed, and is read": {
    before: { flash: "once" },
    meanwhile: (session) => session.get("cart"),
    after: {},
  },
  "is modified by both": {
    before: { cart: ["tea"] },
    meanwhile: (session) => session.modify("cart", push("milk")),
    also: (session) => session.modify("cart", push("jam")),
    after: { cart: ["tea", "milk", "jam"] },
  },
};

for (const [what, each] of Object.entries(KEPT)) {
  test(`invariant 4, no lost update: a key that a login keeps and that ${what} by another request meanwhile is as that one left it`, async () => {
    for (const options of BOTH) {
      const session = await loginDuring(scene(options), each);
      assert.deepEqual(session.toObject(), each.after);
    }
  });
}

test("invariant 4, no lost update: what a request did to a kept key before its login is done to what another left, too", async () => {
  const stage = scene();
  const { cookie } = await withData(stage, { cart: ["tea"] });
  const login = await inFlight(stage.store, cookie);
  login.session.modify("cart", push("jam"));
  login.session.login("ada", { keep: ["cart"] });
  const other = await inFlight(stage.another(), cookie);
  other.session.modify("cart", push("milk"));
  await other.finish();
  const { session } = await inFlight(stage.store, cookieOf(await login.finish()));
  assert.deepEqual(session.toObject(), { cart: ["tea", "milk", "jam"] });
});

test("invariant 4, no lost update: onConflict decides over a kept key that both changed, and over no other", async () => {
  const both: KeepCase = {
    before: { cart: ["tea"], tags: 1 },
    meanwhile: (session) => session.update({ cart: ["milk"], tags: 2 }),
    also: (session) => session.update({ cart: ["jam"], tags: 3 }),
    after: {},
  };
  const last = await loginDuring(scene(), both);
  assert.deepEqual(last.toObject(), { cart: ["jam"], tags: 3 });
  await assert.rejects(
    loginDuring(scene({ onConflict: "fail" }), both),
    refusal("ERR_SESSION_CONFLICT", '"cart"'),
  );
  const asked: Conflict[] = [];
  const onConflict = (conflict: Conflict) => {
    asked.push(conflict);
    return [conflict.theirs, conflict.mine].flat();
  };
  const merged = await loginDuring(scene({ onConflict }), both);
  assert.deepEqual(merged.toObject(), { cart: ["milk", "jam"], tags: 3 });
  assert.deepEqual(asked, [{ key: "cart", base: ["tea"], mine: ["jam"], theirs: ["milk"] }]);
});

/** A login with `keep` whose session goes away before it is saved. Gives the session that it starts. */
async function loginAfter(options: Any, go: (stage: Scene, cookie: string | null) => unknown) {
  const stage = scene(options);
  const { cookie, handle } = await withData(stage, { cart: ["tea"], role: "admin" });
  const login = await inFlight(stage.store, cookie);
  await go(stage, cookie);
  login.session.login("ada", { keep: ["cart"] });
  login.session.set("mine", 1);
  const { session } = await inFlight(stage.store, cookieOf(await login.finish()));
  assert.equal(session.subject, "ada");
  assert.notEqual(session.id, handle);
  return session.toObject();
}

test("of two logins of one stranger at the same time both keep what keep names, as they saw it", async () => {
  for (const options of BOTH) {
    for (const act of ["login", "regenerate"] as const) {
      const kept = await loginAfter(options, async (stage, cookie) => {
        const first = await inFlight(stage.another(), cookie);
        if (act === "login") first.session.login("bob", { keep: ["cart"] });
        else first.session.regenerate();
        first.session.set("bob's", 1);
        await first.finish();
      });
      assert.deepEqual(kept, { cart: ["tea"], mine: 1 }, act);
    }
  }
});

test("of two logins of one user at the same time the later one has what it set itself, and no data of before", async () => {
  for (const options of BOTH) {
    for (const [first, second] of [
      ["ada", "ada"],
      ["bob", "ada"],
      ["ada", "bob"],
    ] as const) {
      const stage = scene(options);
      const { visitor } = await loggedIn(stage, "ada");
      await visitor.visit((session) => session.set("private", 1));
      const flights = [
        await inFlight(stage.store, visitor.jar.header),
        await inFlight(stage.another(), visitor.jar.header),
      ] as const;
      stage.time.advance(1);
      flights[0].session.login(first, { keep: ["private"] });
      flights[1].session.login(second, { keep: ["private"] });
      flights[1].session.set("mine", 1);
      await flights[0].finish();
      const { session } = await inFlight(stage.store, cookieOf(await flights[1].finish()));
      assert.deepEqual([session.subject, session.toObject()], [second, { mine: 1 }]);
    }
  }
});

test("a function given to modify() that cannot begin with nothing makes a login of after the end fail as its own error", async () => {
  const stage = scene();
  const { cookie, handle } = await withData(stage, { cart: ["tea"] });
  const login = await inFlight(stage.store, cookie);
  login.session.modify("cart", (cart: Any) => [...cart, "jam"]);
  login.session.login("ada", { keep: ["cart"] });
  await stage.store.revoke(handle);
  await assert.rejects(login.finish(), refusal("ERR_SESSION_VALUE", "modify()"));
});

test("invariant 5, the dead stay dead: of a stranger's session that was ended meanwhile a login keeps nothing, whatever keep names", async () => {
  const ends: Record<string, (stage: Scene, cookie: string | null) => unknown> = {
    logout: async (stage, cookie) => {
      const other = await inFlight(stage.another(), cookie);
      other.session.logout();
      await other.finish();
    },
    revoke: (stage, cookie) => stage.another().revoke(tokenOf(cookie).handle),
    "login and logout": async (stage, cookie) => {
      const other = await inFlight(stage.another(), cookie);
      other.session.login("bob");
      const next = await inFlight(stage.another(), cookieOf(await other.finish()));
      next.session.logout();
      await next.finish();
    },
    "the end of what is remembered": async (stage) => {
      stage.time.advance(10 * ABSOLUTE);
      await stage.store.sweep();
    },
  };
  for (const options of BOTH) {
    for (const [name, end] of Object.entries(ends)) {
      assert.deepEqual(await loginAfter(options, end), { mine: 1 }, name);
    }
  }
});
