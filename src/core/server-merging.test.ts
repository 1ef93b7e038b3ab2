import assert from "node:assert/strict";
import { test } from "node:test";
import type { OnConflict } from "keepsake";
import { type Any, refusal } from "./kit.test.ts";
import { BOTH, inFlight, scene, withData } from "./server/server-kit.test.ts";

test("invariant 4, no lost update: two processes and a conflict, settled as onConflict says", async () => {
  const union: OnConflict = ({ mine, theirs }) => [...(theirs as Any), ...(mine as Any).slice(1)];
  const outcomes: [OnConflict, Any][] = [
    ["last-wins", ["base", "mine"]],
    ["fail", ["base", "theirs"]],
    [union, ["base", "theirs", "mine"]],
    [() => undefined, undefined],
  ];
  for (const options of BOTH) {
    for (const [onConflict, expected] of outcomes) {
      const stage = scene({ ...options, onConflict });
      const { cookie } = await withData(stage, { list: ["base"] });
      const [mine, theirs] = [
        await inFlight(stage.store, cookie),
        await inFlight(stage.another(), cookie),
      ];
      mine.session.get("list").push("mine");
      mine.session.set("other", 1);
      theirs.session.get("list").push("theirs");
      await theirs.finish();
      const result = await mine.finish().catch((error) => error.code);
      assert.deepEqual(result, onConflict === "fail" ? "ERR_SESSION_CONFLICT" : []);
      const { session } = await inFlight(stage.store, cookie);
      assert.deepEqual(session.get("list"), expected);
      assert.equal(session.get("other"), onConflict === "fail" ? undefined : 1, "all or nothing");
    }
  }
});

test("invariant 4, no lost update: a flash value that is flashed while another request reads the one before is still seen", async () => {
  const stage = scene();
  const visitor = stage.visitor();
  await visitor.visit((session) => session.flash("note", "first"));
  const reading = await inFlight(stage.store, visitor.jar.header);
  assert.equal(reading.session.get("note"), "first");
  const other = await inFlight(stage.store, visitor.jar.header);
  other.session.flash("note", "second");
  await other.finish();
  assert.deepEqual(await reading.finish(), [], "the session goes on");
  assert.equal(await visitor.see((session) => session.get("note")), "second");
  assert.equal(await visitor.see((session) => session.get("note")), undefined);
});

test("a flash value that several requests read at once is gone, and its session ends once", async () => {
  const stage = scene();
  const visitor = stage.visitor();
  await visitor.visit((session) => session.flash("note", "bye"));
  const flights = await Promise.all(
    Array.from({ length: 5 }, () => inFlight(stage.store, visitor.jar.header)),
  );
  for (const { session } of flights) assert.equal(session.get("note"), "bye");
  const lines = (await Promise.all(flights.map(({ finish }) => finish()))).flat();
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /Max-Age=0/);
  assert.equal(stage.events.filter(({ type }) => type === "ended").length, 1);
});

test("invariant 16, nothing is changed silently: what a merge gives and cannot be stored is refused, and nothing is saved", async () => {
  const stage = scene({ onConflict: () => new Date(0) });
  const { cookie } = await withData(stage);
  const late = await inFlight(stage.store, cookie);
  late.session.set("a", 2);
  const other = await inFlight(stage.store, cookie);
  other.session.set("a", 3);
  await other.finish();
  await assert.rejects(late.finish(), refusal("ERR_SESSION_VALUE"));
  assert.equal((await inFlight(stage.store, cookie)).session.get("a"), 3);
});

test("invariant 14, bounded: a merge that is too large is refused, and what is stored stays", async () => {
  const stage = scene({ limits: { bytes: 300 } });
  const { cookie } = await withData(stage);
  const flights = [await inFlight(stage.store, cookie), await inFlight(stage.store, cookie)];
  for (const [index, { session }] of flights.entries()) session.set(`k${index}`, "x".repeat(200));
  const [first, second] = flights;
  await first?.finish();
  await assert.rejects(second?.finish() ?? Promise.resolve(), refusal("ERR_SESSION_TOO_LARGE"));
  assert.deepEqual(Object.keys((await inFlight(stage.store, cookie)).session.toObject()), [
    "a",
    "k0",
  ]);
});
