import assert from "node:assert/strict";
import { test } from "node:test";
import { loggedIn, opens, scene } from "../core/revocation-kit.test.ts";
import { SqliteSessionRepository } from "./sqlite.ts";
import { CLIENTS, temporaryFile } from "./sqlite-kit.test.ts";

for (const { name, open } of CLIENTS) {
  test(`${name}: requirement 62: what is revoked in one process is refused by another within cacheFor, and after a restart`, async () => {
    const file = temporaryFile();
    const { time, store, another } = scene(new SqliteSessionRepository(open(file)));
    const other = scene(new SqliteSessionRepository(open(file)));
    const elsewhere = other.store;
    const [one, two, three] = [await loggedIn(store), await loggedIn(store), await loggedIn(store)];
    for (const { cookie } of [one, two, three]) assert.equal(await opens(elsewhere, cookie), true);
    await one.visitor.visit((session) => session.logout());
    time.advance(1);
    await store.revokeAll("ada", { except: three.id });
    for (const { cookie } of [one, two]) assert.equal(await opens(store, cookie), false);
    time.advance(4);
    other.time.advance(5);
    for (const each of [store, elsewhere, another()]) {
      for (const { cookie } of [one, two]) assert.equal(await opens(each, cookie), false);
      assert.equal(await opens(each, three.cookie), true);
    }
    const again = scene(new SqliteSessionRepository(open(file)));
    for (const { cookie } of [one, two]) assert.equal(await opens(again.store, cookie), false);
  });

  test(`${name}: a subject that signed out everywhere long ago can do it again, swept or not`, async () => {
    const { time, store, another } = scene(new SqliteSessionRepository(open(temporaryFile())));
    for (const round of [1, 2, 3]) {
      const { cookie } = await loggedIn(store);
      time.advance(1);
      await store.revokeAll("ada");
      assert.equal(await opens(another(), cookie), false, `round ${round}`);
      time.advance(20_000);
    }
  });
}
