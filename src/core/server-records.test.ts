import assert from "node:assert/strict";
import { test } from "node:test";
import type { Any } from "./kit.test.ts";
import {
  BOTH,
  cookieOf,
  inFlight,
  opens,
  scene,
  tokenOf,
  withData,
} from "./server/server-kit.test.ts";

test("a record that is damaged or of another version is no session and an event, never an exception", async () => {
  const changes: Any[] = [
    { data: "" },
    { data: "{" },
    { data: "[]" },
    { data: "null" },
    { data: "x".repeat(100_000) },
    { flash: "{" },
    { flash: "[]" },
    { credentials: "" },
    { credentials: "[]" },
    { credentials: "null" },
    { credentials: '{"version":2,"keys":[]}' },
    { credentials: '{"current":{"hash":"?","since":0}}' },
    { credentials: "x".repeat(100_000) },
  ];
  for (const options of BOTH) {
    for (const change of changes) {
      const stage = scene(options);
      const { cookie, handle } = await withData(stage);
      const before = stage.record(handle);
      assert.ok(before);
      const context = { now: 0, signal: new AbortController().signal, before };
      stage.memory.update(handle, before.version, { ...before, ...change }, context);
      stage.events.length = 0;
      const { session, finish } = await inFlight(stage.store, cookie);
      assert.equal(session.isNew, true, JSON.stringify(change).slice(0, 80));
      assert.equal(stage.events.length, 1);
      session.set("b", 1);
      assert.notEqual(tokenOf(cookieOf(await finish())).handle, handle);
    }
  }
});

test("a record damaged while a request is under way fails that request's change, and nothing else", async () => {
  for (const change of [{ credentials: "{" }, { data: "{" }]) {
    const stage = scene();
    const { cookie, handle } = await withData(stage);
    const { session, finish } = await inFlight(stage.store, cookie);
    session.set("b", 1);
    const before = stage.record(handle);
    assert.ok(before);
    const context = { now: 0, signal: new AbortController().signal, before };
    const damaged = { ...before, ...change, version: before.version + 1 };
    stage.memory.update(handle, before.version, damaged, context);
    await assert.rejects(finish(), (error: Any) => /^ERR_SESSION_(GONE|STORE)$/.test(error.code));
    assert.deepEqual(stage.record(handle), damaged, "nothing was written");
  }
});

test("fields that a newer version has added to records are kept", async () => {
  const stage = scene();
  const { visitor, handle } = await withData(stage);
  const before = stage.record(handle);
  assert.ok(before);
  const context = { now: 0, signal: new AbortController().signal, before };
  const added: Any = { ...before, tenant: "acme" };
  stage.memory.update(handle, before.version, added, context);
  await visitor.visit((session) => session.login("ada"));
  assert.equal((stage.record(handle) as Any).tenant, "acme");
});

test("encrypt: nothing of the data is stored readably; login, new tokens, renewal, grace, lists and revocations work", async () => {
  const stage = scene({ encrypt: true, renewAfter: 10 });
  const { visitor, handle } = await withData(stage, { cart: "SECRET TEA" });
  await visitor.visit((session) => session.flash("note", "SECRET NOTE"));
  const readable = () => /SECRET|cart|note/.test(JSON.stringify(stage.record(handle)));
  assert.equal(readable(), false);
  await visitor.visit((session) => session.login("ada", { keep: ["cart"] }));
  assert.equal(readable(), false);
  stage.time.advance(11);
  const old = visitor.jar.header;
  await visitor.visit((session) => session.set("more", "SECRET"));
  await visitor.visit((session) => session.regenerate());
  assert.equal(readable(), false);
  assert.equal(await opens(stage.store, old), false);
  stage.time.advance(11);
  const before = visitor.jar.header;
  await visitor.see((session) => session.get("cart"));
  await visitor.see((session) => session.get("cart"));
  const grace = await inFlight(stage.store, before);
  assert.equal(grace.session.get("cart"), "SECRET TEA");
  grace.session.set("graced", "SECRET");
  await grace.finish();
  assert.deepEqual(await visitor.see((session) => session.toObject()), {
    cart: "SECRET TEA",
    more: "SECRET",
    graced: "SECRET",
  });
  assert.equal(readable(), false);
  assert.equal((await stage.store.list("ada")).length, 1);
  assert.equal(await stage.store.revoke(handle, { subject: "ada" }), true);
  assert.equal(stage.record(handle)?.data, "");
});

test("encrypt can be turned on and off: it takes effect at the next login or new token, and nobody is logged out", async () => {
  for (const from of [false, true]) {
    const stage = scene({ encrypt: from });
    const { visitor, handle } = await withData(stage, { a: "VALUE" });
    const other = stage.another({ encrypt: !from });
    const isReadable = () => JSON.stringify(stage.record(handle)).includes("VALUE");
    const write = await inFlight(other, visitor.jar.header);
    write.session.set("b", "VALUE");
    await write.finish();
    assert.equal(isReadable(), !from, "a change leaves it as it is");
    const fresh = await inFlight(other, visitor.jar.header);
    fresh.session.regenerate();
    const cookie = cookieOf(await fresh.finish());
    assert.equal(isReadable(), from);
    const { session } = await inFlight(stage.store, cookie);
    assert.deepEqual(session.toObject(), { a: "VALUE", b: "VALUE" });
  }
});

test("an end empties the record, and leaves nothing by which it could be found or listed", async () => {
  const stage = scene({ encrypt: true, label: () => "phone" });
  const { visitor, handle } = await withData(stage);
  await visitor.visit((session) => session.login("ada", { keep: ["a"] }));
  await visitor.visit((session) => session.logout());
  const record = stage.record(handle);
  const { subject, label, authenticatedAt, data, flash, credentials } = record ?? {};
  assert.deepEqual(
    [subject, label, authenticatedAt, data, flash],
    [undefined, undefined, undefined, "", ""],
  );
  assert.deepEqual(Object.keys(JSON.parse(credentials ?? "")), ["retired"]);
  assert.deepEqual(await stage.store.list("ada"), []);
});
