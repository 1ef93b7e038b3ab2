import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  CookieSessionStore,
  InMemorySessionStore,
  Session,
  SessionMiddleware,
  type SessionStore,
} from "keepsake";
import { type Any, type Loose, refusal, requestOf, SECRET, Visitor } from "./kit.test.ts";
import { internals } from "./session.ts";

const STORES: [string, () => SessionStore<Any>][] = [
  ["cookie", () => new CookieSessionStore<Any>({ secret: SECRET })],
  ["memory", () => new InMemorySessionStore<Any>()],
];

/** Has the response say that the act was done, and how often. */
const mark = (session: Loose) =>
  internals.onCommit(session, {
    commit: (_, { headers }) => headers.append("x-act", "done"),
  });

for (const [name, make] of STORES) {
  describe(`what is done at the commit, ${name} store`, () => {
    test("is done once, in order, on the request's response, when the session has been saved", async () => {
      const visitor = new Visitor(make());
      const seen: Any[] = [];
      const { headers, setCookie } = await visitor.visit(
        (session) => {
          session.set("a", 1);
          internals.onCommit(session, {
            commit: (request, response) => {
              seen.push(request.headers.get("x-mine"), response.headers.getSetCookie().length);
            },
          });
          mark(session);
          mark(session);
        },
        { headers: { "x-mine": "yes" } },
      );
      assert.deepEqual(seen, ["yes", 1], "after the save");
      assert.equal(headers.get("x-act"), "done, done");
      assert.equal(setCookie.length, 1);
      const { headers: second } = await visitor.visit((session) => session.set("a", 2));
      assert.equal(second.get("x-act"), null);
    });

    test("is done where nothing is saved: after a read, an end, and an answer of 500", async () => {
      for (const [act, status] of [
        [(session: Loose) => session.get("a"), 200],
        [(session: Loose) => session.set("a", 2), 500],
        [(session: Loose) => session.logout(), 500],
        [(session: Loose) => session.get("a"), 200],
        [(session: Loose) => session.destroy(), 200],
      ] as const) {
        const visitor = new Visitor(make());
        await visitor.visit((session) => session.set("a", 1));
        const done = await visitor.visit(
          (session) => {
            act(session);
            mark(session);
          },
          { status },
        );
        assert.equal(done.headers.get("x-act"), "done", String(act));
      }
    });

    test("is not done in a request that does not use the session, and registering is no use", async () => {
      const visitor = new Visitor(make());
      const { headers, session } = await visitor.visit(mark);
      assert.deepEqual([...headers], []);
      assert.equal(internals.isAccessed(session), false);
      const used = await visitor.visit((each) => {
        mark(each);
        internals.use(each);
      });
      assert.equal(used.headers.get("x-act"), "done");
      assert.deepEqual(used.setCookie, []);
    });

    test("cannot be registered any more when the session has been saved", async () => {
      for (const handler of [() => {}, (session: Loose) => session.set("a", 1)]) {
        const { session } = await new Visitor(make()).visit(handler);
        assert.equal(internals.isOpen(session), false);
        assert.throws(() => mark(session), refusal("ERR_SESSION_COMMITTED", "before the response"));
      }
    });

    test("cannot change the session", async () => {
      let thrown: unknown;
      await new Visitor(make()).visit((session) => {
        session.set("a", 1);
        internals.onCommit(session, {
          commit: () => {
            try {
              session.set("a", 2);
            } catch (error) {
              thrown = error;
            }
          },
        });
      });
      refusal("ERR_SESSION_COMMITTED")(thrown);
    });
  });
}

describe("what is done at the commit", () => {
  test("is not done where the save fails, at once or later, also where the session had ended", async () => {
    const down = new Error("down");
    const saves = [
      () => {
        throw down;
      },
      () => Promise.reject(down),
    ];
    for (const save of saves) {
      for (const handler of [
        (session: Loose) => session.set("a", 1),
        (session: Loose) => session.destroy(),
      ]) {
        const store: SessionStore<Any> = {
          load: () => new Session<Any>({ a: 1 }, { id: "h" }),
          save,
        };
        const middleware = new SessionMiddleware(store, { onEvent() {} });
        const session: Loose = await middleware.load(requestOf());
        const response = { headers: new Headers() };
        handler(session);
        mark(session);
        const saving = async () => middleware.save(requestOf(), response, session);
        await assert.rejects(saving, refusal("ERR_SESSION_STORE"));
        assert.equal(response.headers.get("x-act"), null);
      }
    }
  });

  test("is not done again where an adapter saves twice", async () => {
    const middleware = new SessionMiddleware<Any>(new InMemorySessionStore());
    const session = await middleware.load(requestOf());
    const response = { headers: new Headers() };
    internals.use(session);
    mark(session);
    for (let time = 0; time < 2; time += 1) await middleware.save(requestOf(), response, session);
    assert.equal(response.headers.get("x-act"), "done");
  });

  test("waits for a save that takes time, and a save at once stays one", async () => {
    let release = () => {};
    const waiting: SessionStore<Any> = {
      load: () => new Session<Any>(),
      save: () => new Promise<void>((resolve) => (release = resolve)),
    };
    const begin = async (store: SessionStore<Any>) => {
      const middleware = new SessionMiddleware(store);
      const session: Loose = await middleware.load(requestOf());
      session.set("a", 1);
      mark(session);
      const response = { headers: new Headers() };
      return { response, saving: middleware.save(requestOf(), response, session) };
    };
    const later = await begin(waiting);
    assert.equal(later.response.headers.get("x-act"), null);
    release();
    await later.saving;
    assert.equal(later.response.headers.get("x-act"), "done");
    const atOnce = await begin(new CookieSessionStore<Any>({ secret: SECRET }));
    assert.equal(atOnce.saving, undefined);
    assert.equal(atOnce.response.headers.get("x-act"), "done");
  });

  test("can be registered after destroy(), and not where the session can only be read or was skipped", async () => {
    const middleware = new SessionMiddleware<Any>(new InMemorySessionStore());
    const destroyed = await middleware.load(requestOf());
    destroyed.destroy();
    assert.equal(internals.isOpen(destroyed), true);
    mark(destroyed);
    const readOnly = await middleware.loadReadOnly(requestOf(), "There is no response.");
    assert.equal(internals.isOpen(readOnly), false);
    assert.throws(() => mark(readOnly), refusal("ERR_SESSION_COMMITTED", "There is no response."));
    assert.throws(() => mark(middleware.skipped()), refusal("ERR_SESSION_MISSING"));
  });
});
