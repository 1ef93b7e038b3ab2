import assert from "node:assert/strict";
import { test } from "node:test";
import * as devalue from "devalue";
import {
  CookieSessionStore,
  createSessionConfig,
  InMemorySessionStore,
  type Serializer,
  Session,
} from "keepsake";
import superjson from "superjson";
import { type Any, refusal, SECRET, Visitor } from "./kit.test.ts";

const RICH = {
  when: new Date(86_400_000),
  map: new Map<unknown, unknown>([["a", new Date(1)]]),
  set: new Set([1, "b"]),
  big: 2n ** 70n,
  nan: Number.NaN,
  nested: [{ when: new Date(2) }],
  none: null,
};

for (const [name, serializer] of Object.entries({ superjson, devalue } as Record<
  string,
  Serializer
>)) {
  const stores = {
    cookie: () => new CookieSessionStore<Any>({ secret: SECRET, serializer }),
    memory: () => new InMemorySessionStore<Any>({ serializer }),
  };
  for (const [kind, make] of Object.entries(stores)) {
    test(`${name} in the ${kind} store: Date, Map, Set, BigInt and NaN survive, in data and in flash`, async () => {
      const visitor = new Visitor(make());
      await visitor.visit((session) => {
        session.update(RICH);
        session.flash("note", RICH.map);
      });
      assert.deepEqual(await visitor.see((session) => session.toObject()), {
        ...RICH,
        note: RICH.map,
      });
      assert.equal(await visitor.see((session) => session.has("note")), false);
    });

    test(`${name} in the ${kind} store: a change in place of a Map or Date is a change, and back again is none`, async () => {
      const visitor = new Visitor(make());
      await visitor.visit((session) => session.update(RICH));
      await visitor.visit((session) => {
        const map = session.get("map");
        map.set("b", 1);
        assert.equal(session.modified, true);
        map.delete("b");
        assert.equal(session.modified, false);
        map.set("c", 2);
        session.get("when").setTime(7);
      });
      const { map, when } = await visitor.see((session) => session.toObject());
      assert.deepEqual([map.get("c"), when], [2, new Date(7)]);
    });
  }

  test(`${name}: equals tells dates and maps apart`, () => {
    const config = createSessionConfig("test", { serializer });
    const session = new Session<Any>({ when: new Date(1), map: new Map([[1, 2]]) }, { config });
    assert.equal(session.equals({ when: new Date(1), map: new Map([[1, 2]]) }), true);
    assert.equal(session.equals({ when: new Date(2), map: new Map([[1, 2]]) }), false);
    assert.equal(session.equals({ when: new Date(1), map: new Map([[1, 3]]) }), false);
  });

  test(`${name}: undefined is refused, because set would then differ from delete by nothing`, () => {
    const config = createSessionConfig("test", { serializer });
    const session = new Session<Any>({}, { config });
    assert.throws(
      () => session.set("a", undefined),
      refusal("ERR_SESSION_VALUE", "a is undefined"),
    );
  });
}

test("what a serializer refuses is refused at the line, with its reason as the cause", () => {
  const config = createSessionConfig("test", { serializer: devalue });
  const session = new Session<Any>({}, { config });
  assert.throws(
    () => session.set("f", () => 1),
    (error) =>
      refusal("ERR_SESSION_VALUE", "f is")(error) && (error as Error).cause instanceof Error,
  );
});

test("a serializer that makes no well-formed text is refused at the line", () => {
  for (const text of [undefined, 7, "\ud800"] as Any[]) {
    const serializer: Serializer = { parse: JSON.parse, stringify: () => text };
    const config = createSessionConfig("test", { serializer });
    const session = new Session<Any>({}, { config });
    assert.throws(() => session.set("a", 1), refusal("ERR_SESSION_VALUE", "well-formed text"));
  }
});

test("data that the serializer cannot read is no session, and an event", async () => {
  const events: Any[] = [];
  const old: Serializer = { parse: JSON.parse, stringify: () => "not JSON" };
  const visitor = new Visitor(new CookieSessionStore<Any>({ secret: SECRET, serializer: old }));
  const { session } = await visitor.visit((session) => session.set("a", 1));
  for (const parse of [JSON.parse, () => [], () => null, () => "text", () => 7]) {
    const serializer = { parse, stringify: JSON.stringify };
    const onEvent = (event: unknown) => void events.push(event);
    const store = new CookieSessionStore<Any>({ secret: SECRET, serializer, onEvent });
    const later = new Visitor(store, visitor.jar);
    assert.equal(await later.see((loaded) => loaded.isNew), true);
    const [event] = events.splice(0);
    assert.equal(event.type, "data-refused");
    assert.equal(event.id, session.id);
  }
});
