import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CookieSessionStore,
  InMemorySessionStore,
  type MiddlewareOptions,
  type SessionStore,
  type StandardSchema,
} from "keepsake";
import { z } from "zod";
import { type Any, recorder, refusal, SECRET, Visitor } from "./kit.test.ts";

const SCHEMA = z.object({ count: z.number().optional(), name: z.string().optional() }).strict();

const STORES: [string, () => SessionStore<Any>][] = [
  ["cookie", () => new CookieSessionStore<Any>({ secret: SECRET })],
  ["memory", () => new InMemorySessionStore<Any>()],
];

for (const [name, make] of STORES) {
  /** A visitor whose session an older release filled. */
  const withOld = async (data: Any) => {
    const visitor = new Visitor(make());
    await visitor.visit((session) => {
      session.login("ada");
      session.update(data);
    });
    return visitor;
  };
  const seen = async (visitor: Visitor, options: MiddlewareOptions<Any>) =>
    (await visitor.visit((session) => session.size, options)).session;

  test(`requirement 53, ${name}: data that fits is let through`, async () => {
    const visitor = await withOld({ count: 1, name: "x" });
    const { events, onEvent } = recorder();
    const session = await seen(visitor, { schema: SCHEMA, onEvent });
    assert.deepEqual(session.toObject(), { count: 1, name: "x" });
    assert.equal(session.modified, false);
    assert.deepEqual(events, []);
  });

  test(`requirement 53, ${name}: data that does not fit is discarded with an event; subject and times stay`, async () => {
    const visitor = await withOld({ count: "secret-value", other: 1 });
    const { events, onEvent } = recorder();
    const session = await seen(visitor, { schema: SCHEMA, onEvent });
    assert.deepEqual([session.toObject(), session.subject, session.isNew], [{}, "ada", false]);
    assert.equal(events.length, 1);
    const [event] = events;
    assert.ok(event?.type === "data-refused");
    assert.equal(event.id, session.id);
    assert.match(event.reason, /count/);
    assert.ok(!event.reason.includes("secret-value"));
  });

  test(`requirement 53, ${name}: what is set after a discard is there in the next request`, async () => {
    const visitor = await withOld({ count: "1" });
    const options = { schema: SCHEMA, onEvent: () => {} };
    await visitor.visit((session) => session.set("name", "bob"), options);
    const session = await seen(visitor, options);
    assert.deepEqual(session.toObject(), { name: "bob" });
  });

  test(`requirement 53, ${name}: what onInvalid migrated can be changed and deleted like any other data`, async () => {
    const options: MiddlewareOptions<Any> = {
      schema: SCHEMA,
      onInvalid: (data: Any) => ({ count: Number(data.oldCount) }),
      onEvent: () => {},
    };
    const visitor = await withOld({ oldCount: "7" });
    assert.deepEqual((await seen(visitor, options)).toObject(), { count: 7 });
    await visitor.visit((session) => session.modify("count", (count) => count + 1), options);
    assert.deepEqual((await seen(visitor, options)).toObject(), { count: 8 });
    await visitor.visit((session) => session.delete("count"), options);
    assert.deepEqual((await seen(visitor, options)).toObject(), {});
  });

  test(`requirement 53, ${name}: "throw" fails the load, and says what does not fit`, async () => {
    const visitor = await withOld({ count: "1" });
    await assert.rejects(
      seen(visitor, { schema: SCHEMA, onInvalid: "throw" }),
      refusal("ERR_SESSION_DATA", "count"),
    );
  });

  test(`requirement 53, ${name}: an empty session is not checked, and no session is refused for it`, async () => {
    const visitor = new Visitor(make());
    const schema = z.object({ required: z.string() });
    const { events, onEvent } = recorder();
    assert.equal((await seen(visitor, { schema, onEvent })).isNew, true);
    assert.deepEqual(events, []);
  });

  test(`requirement 53, ${name}: a session that the schema refused and nobody used stays unused`, async () => {
    const visitor = await withOld({ count: "1" });
    const options = { schema: SCHEMA, onEvent: () => {} };
    const { headers } = await visitor.visit(() => {}, options);
    assert.deepEqual([...headers], []);
  });
}

function resultOf(result: unknown): StandardSchema<Any> {
  return { "~standard": { version: 1, vendor: "test", validate: () => result as Any } };
}

async function load(schema: StandardSchema<Any>, onInvalid?: Any) {
  const visitor = new Visitor(new InMemorySessionStore<Any>());
  await visitor.visit((session) => session.set("role", "admin"));
  const options = { schema, onEvent: () => {}, ...(onInvalid === undefined ? {} : { onInvalid }) };
  return (await visitor.visit((session) => session.size, options)).session.toObject();
}

test("an asynchronous schema is waited for", async () => {
  assert.deepEqual(await load(resultOf(Promise.resolve({ value: { a: 1 } }))), { a: 1 });
  const issues = [{ message: "no" }];
  assert.deepEqual(await load(resultOf(Promise.resolve({ issues }))), {});
});

test("a schema whose promise is of another make is waited for too, never passed over", async () => {
  // biome-ignore lint/suspicious/noThenProperty: that is the case
  const thenable = { then: (done: (result: unknown) => void) => done({ issues: [] }) };
  assert.deepEqual(await load(resultOf(thenable)), {});
});

test("never half-typed data: what is no object of values leaves nothing of the refused data", async () => {
  for (const value of [undefined, null, [], "text", 7]) {
    assert.deepEqual(await load(resultOf({ issues: [{ message: "no" }] }), () => value), {});
  }
});

test("requirement 55: what onInvalid gives is not shared between requests, though it be the same object", async () => {
  const defaults = { list: [] as string[] };
  const schema = resultOf({ issues: [{ message: "no" }] });
  const store = new InMemorySessionStore<Any>();
  const options: MiddlewareOptions<Any> = { schema, onInvalid: () => defaults, onEvent: () => {} };
  const [ada, bob] = [new Visitor(store), new Visitor(store)];
  for (const visitor of [ada, bob]) await visitor.visit((session) => session.set("old", 1));
  await ada.visit((session) => {
    session.set("email", "ada@example.com");
    session.get("list").push("ada's");
  }, options);
  const { session } = await bob.visit((loaded) => loaded.size, options);
  assert.deepEqual(session.toObject(), { list: [] });
  assert.deepEqual(defaults, { list: [] });
});

test("requirement 55: what a schema gives is not shared between requests either", async () => {
  const fallback = { list: [] as string[] };
  const schema = z.object({ list: z.array(z.string()) }).catch(fallback);
  const store = new InMemorySessionStore<Any>();
  const [ada, bob] = [new Visitor(store), new Visitor(store)];
  for (const visitor of [ada, bob]) await visitor.visit((session) => session.set("old", 1));
  await ada.visit((session) => session.set("email", "ada@example.com"), { schema });
  const { session } = await bob.visit((loaded) => loaded.size, { schema });
  assert.deepEqual(session.toObject(), { list: [] });
});
