import assert from "node:assert/strict";
import { test } from "node:test";
import { CookieSessionStore, InMemorySessionStore, type SessionStore } from "keepsake";
import { type Any, SECRET, Visitor } from "./kit.test.ts";
import { createSessionConfig } from "./session-config.ts";
import { TrackedContents } from "./tracked-contents.ts";

const STORES: [string, () => SessionStore<Any>][] = [
  ["cookie", () => new CookieSessionStore<Any>({ secret: SECRET })],
  ["memory", () => new InMemorySessionStore<Any>()],
];

for (const [name, make] of STORES) {
  const flashed = async (key = "note", value: Any = "saved") => {
    const visitor = new Visitor(make());
    await visitor.visit((session) => session.flash(key, value));
    return visitor;
  };
  const noteOf = (visitor: Visitor) => visitor.see((session) => session.get("note"));

  test(`flash, ${name}: not visible in its own request, visible in the next, gone after the first that reads it`, async () => {
    const visitor = new Visitor(make());
    await visitor.visit((session) => {
      session.flash("note", "saved");
      assert.equal(session.get("note"), undefined);
      assert.equal(session.has("note"), false);
      assert.equal(session.size, 0);
      assert.equal(session.isEmpty, false);
    });
    await visitor.visit((session) => {
      assert.equal(session.get("note"), "saved");
      assert.equal(session.get("note"), "saved", "as often as the request likes");
    });
    assert.equal(await noteOf(visitor), undefined);
  });

  test(`flash, ${name}: has, keys and size read nothing; it waits for a request that reads it`, async () => {
    const visitor = await flashed();
    for (let request = 0; request < 3; request += 1) {
      await visitor.visit((session) => {
        assert.deepEqual([session.has("note"), session.keys(), session.size], [true, ["note"], 1]);
        assert.equal(session.modified, false);
      });
    }
    assert.equal(await noteOf(visitor), "saved");
    assert.equal(await noteOf(visitor), undefined);
  });

  test(`flash, ${name}: it comes before data of the same key, and the data is there again afterwards`, async () => {
    const visitor = new Visitor(make());
    await visitor.visit((session) => {
      session.set("note", "kept");
      session.flash("note", "once");
      assert.equal(session.get("note"), "kept");
    });
    assert.equal(await noteOf(visitor), "once");
    assert.equal(await noteOf(visitor), "kept");
  });

  test(`flash, ${name}: set, delete and clear of the key end it, whether it has arrived or is leaving`, async () => {
    const arrived = await flashed();
    await arrived.visit((session) => session.set("note", "mine"));
    assert.equal(await noteOf(arrived), "mine");
    for (const end of ["delete", "clear"] as const) {
      const visitor = await flashed();
      await visitor.visit((session) => session[end]("note"));
      assert.equal(await noteOf(visitor), undefined);
      await visitor.visit((session) => {
        session.set("other", 1);
        session.flash("note", "x");
        session[end]("note");
      });
      assert.equal(await noteOf(visitor), undefined);
    }
  });

  test(`flash, ${name}: one that is read and flashed again arrives again`, async () => {
    const visitor = await flashed();
    await visitor.visit((session) => session.flash("note", `${session.get("note")} again`));
    assert.equal(await noteOf(visitor), "saved again");
  });

  test(`flash, ${name}: one that is flashed again before the old one is read arrives all the same`, async () => {
    const visitor = await flashed();
    await visitor.visit((session) => {
      session.flash("note", "again");
      assert.equal(session.get("note"), "saved");
    });
    assert.equal(await noteOf(visitor), "again");
  });

  test(`flash, ${name}: a change in place of the data of its key leaves it alone`, async () => {
    const visitor = new Visitor(make());
    await visitor.visit((session) => session.set("note", []));
    await visitor.visit((session) => {
      session.get("note").push(1);
      session.flash("note", "once");
    });
    assert.equal(await noteOf(visitor), "once");
    assert.deepEqual(await noteOf(visitor), [1]);
  });

  test(`flash, ${name}: modify works on the data, and what it made is what get gives`, async () => {
    const visitor = await flashed("note", "flash");
    await visitor.visit((session) => {
      session.modify("note", () => "modified");
      assert.equal(session.get("note"), "modified");
    });
  });

  test(`flash, ${name}: one that was read does not come back by a login that keeps its key`, async () => {
    const visitor = await flashed();
    await visitor.visit((session) => {
      assert.equal(session.get("note"), "saved");
      session.login("ada", { keep: ["note"] });
    });
    assert.equal(await noteOf(visitor), undefined);
  });

  test(`flash, ${name}: an unread one survives a login that keeps its key, and no other`, async () => {
    for (const keep of [["note"], []]) {
      const visitor = await flashed();
      await visitor.visit((session) => session.login("ada", { keep }));
      assert.equal(await noteOf(visitor), keep.length === 1 ? "saved" : undefined);
    }
  });

  test(`flash, ${name}: one that a login keeps can be read after the login, and is gone then`, async () => {
    const visitor = await flashed();
    await visitor.visit((session) => {
      session.login("ada", { keep: ["note"] });
      assert.equal(session.get("note"), "saved");
    });
    assert.equal(await noteOf(visitor), undefined);
  });

  test(`flash, ${name}: one that a request read that failed is there for the next`, async () => {
    const visitor = await flashed();
    await visitor.visit((session) => session.get("note"), { status: 500 });
    assert.equal(await noteOf(visitor), "saved");
  });

  test(`flash, ${name}: keys that objects inherit are keys`, async () => {
    for (const key of ["__proto__", "constructor"]) {
      const visitor = await flashed(key, { polluted: 1 });
      assert.deepEqual(await visitor.see((session) => session.get(key)), { polluted: 1 });
      assert.deepEqual(await visitor.see((session) => session.keys()), []);
      assert.equal(({} as Any).polluted, undefined);
    }
  });
}

test("to have read flash values only is to have done nothing else, in place neither", () => {
  const { codec } = createSessionConfig("test");
  const read = (act: (contents: TrackedContents) => unknown) => {
    const contents = new TrackedContents(codec, { list: [1] }, { note: "saved" });
    assert.equal(contents.isOnlyRead, false);
    contents.get("note");
    act(contents);
    return contents;
  };
  const list = (contents: TrackedContents): Any => contents.get("list");
  for (const [act, isOnlyRead] of [
    [() => undefined, true],
    [list, true],
    [(contents) => list(contents).push(2), false],
    [(contents) => contents.delete("list"), false],
    [(contents) => contents.flash("note", "again"), false],
  ] as [(contents: TrackedContents) => unknown, boolean][]) {
    const contents = read(act);
    assert.equal(contents.isOnlyRead, isOnlyRead);
    assert.equal(
      contents.changes.every(({ type }) => type === "flash-read"),
      isOnlyRead,
    );
  }
});
