import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  CookieSessionStore,
  cookieTransport,
  headerTransport,
  InMemorySessionStore,
  Session,
  SessionMiddleware,
  type SessionStore,
  type StoredSession,
  xchachaSealer,
} from "keepsake";
import {
  type Any,
  type Loose,
  NOON,
  refusal,
  requestOf,
  runs,
  SECRET,
  seeded,
  Time,
  Visitor,
} from "./kit.test.ts";
import { writePayload } from "./sealed-payload.ts";
import { internals } from "./session.ts";

const FORM = "A".repeat(43);
const next = (session: Loose) => internals.antiForgerySecret(session);
const stored = (session: Loose) => internals.storedAntiForgerySecret(session);

/** Keeps whole sessions, as an application's own store does. */
class MapStore implements SessionStore<Any> {
  readonly #kept = new Map<string, StoredSession<Any>>();
  readonly #cookie = cookieTransport();

  load(request: Any): Session<Any> {
    const kept = this.#kept.get(this.#cookie.read(request)[0] ?? "");
    return kept === undefined ? new Session<Any>() : new Session<Any>(kept.data, kept);
  }

  save(request: Any, response: Any, session: Session<Any>): void {
    const whole = session.toStored();
    const [old = ""] = this.#cookie.read(request);
    if (session.pending !== "none") this.#kept.delete(old);
    if (session.isEmpty && (session.isNew || session.pending === "end")) return;
    this.#kept.set(whole.id, JSON.parse(JSON.stringify(whole)));
    this.#cookie.write(request, response, whole.id);
  }
}

interface Scene {
  readonly time: Time;
  readonly random: ReturnType<typeof seeded>;
  readonly visitor: Visitor;
}

const LONG_LIVED = { idleTimeout: 86_400, absoluteTimeout: 30 * 86_400 };

function sceneOf(make: (options: Any) => SessionStore<Any>): Scene {
  const time = new Time();
  const random = seeded();
  const visitor = new Visitor(make({ clock: time.clock, random, ...LONG_LIVED }));
  return { time, random, visitor };
}

const STORES: [string, () => Scene][] = [
  ["cookie", () => sceneOf((options) => new CookieSessionStore({ secret: SECRET, ...options }))],
  ["memory", () => sceneOf((options) => new InMemorySessionStore(options))],
  [
    "encrypted",
    () => sceneOf((options) => new InMemorySessionStore({ encrypt: true, ...options })),
  ],
  [
    "renewing",
    () => sceneOf((options) => new InMemorySessionStore({ renewAfter: 60, ...options })),
  ],
  ["an application's own", () => sceneOf(() => new MapStore())],
];

/** A visitor with a session, and its secret. */
async function begun(make: () => Scene) {
  const scene = make();
  await scene.visitor.visit((session) => session.set("a", 1));
  return { ...scene, first: (await scene.visitor.see(stored)) ?? assert.fail("no secret") };
}

for (const [name, make] of STORES) {
  describe(`anti-forgery secret, ${name} store`, () => {
    test("a new session is stored with one of 32 random bytes, the one that was promised", async () => {
      const { visitor } = make();
      let promised: string | undefined;
      await visitor.visit((session) => {
        session.set("a", 1);
        promised = next(session);
        assert.equal(next(session), promised, "the same each time");
        assert.equal(stored(session), undefined);
      });
      assert.match(promised ?? "", /^[\w-]{43}$/);
      assert.equal(await visitor.see(stored), promised);
      const other = await begun(() => ({ ...make(), random: seeded(2) }));
      await other.visitor.visit((session) => session.login("ada"));
      assert.notEqual(await other.visitor.see(stored), other.first);
    });

    test("it is kept by changes, touches, timed renewals and flash values", async () => {
      const { visitor, time, first } = await begun(make);
      const acts: ((session: Loose) => unknown)[] = [
        (session) => session.set("a", 2),
        (session) => session.modify("n", (n: Any) => (n ?? 0) + 1),
        (session) => session.flash("f", "x"),
        (session) => session.get("f"),
        (session) => session.get("a"),
        (session) => session.clear(),
        (session) => session.set("b", 1),
        () => {},
      ];
      for (let round = 0; round < 3; round += 1) {
        for (const act of acts) {
          time.advance(12 * 3600);
          await visitor.visit((session) => {
            act(session);
            assert.deepEqual([next(session), stored(session)], [first, first], String(act));
          });
        }
      }
      assert.equal(await visitor.see(stored), first);
    });

    for (const change of ["login", "regenerate"] as const) {
      test(`${change} replaces it, with the one that was promised`, async () => {
        const { visitor, first } = await begun(make);
        const seen = new Set([first]);
        for (let round = 0; round < 3; round += 1) {
          let promised: string | undefined;
          await visitor.visit((session) => {
            const before = stored(session);
            if (change === "login") session.login("ada", { keep: ["a"] });
            else session.regenerate();
            promised = next(session);
            assert.equal(stored(session), before, "forms shown before are still told");
            session.set("later", round);
            assert.equal(next(session), promised);
          });
          assert.equal(await visitor.see(stored), promised);
          seen.add(promised ?? "");
        }
        assert.equal(seen.size, 4);
      });
    }

    test("a login as somebody else, and a second one in a request, replace it", async () => {
      const { visitor, first } = await begun(make);
      await visitor.visit((session) => session.login("ada"));
      const ada = await visitor.see(stored);
      await visitor.visit((session) => {
        session.login("bob");
        session.login("eve");
      });
      const eve = await visitor.see(stored);
      assert.equal(new Set([first, ada, eve]).size, 3);
      const promised: (string | undefined)[] = [];
      await visitor.visit((session) => {
        for (const act of ["regenerate", "login", "login", "logout", "login"] as const) {
          if (act === "login") session.login("ada");
          else session[act]();
          promised.push(next(session));
        }
      });
      assert.equal(new Set(promised).size, 5);
      assert.equal(promised[3], undefined);
      assert.equal(await visitor.see(stored), promised[4]);
    });

    test("logout and destroy forget it; what begins afterwards has another", async () => {
      const { visitor, first } = await begun(make);
      await visitor.visit((session) => {
        session.logout();
        assert.deepEqual([next(session), stored(session)], [undefined, first]);
        session.set("b", 1);
        assert.notEqual(next(session), first);
      });
      const second = await visitor.see(stored);
      assert.notEqual(second, undefined);
      assert.notEqual(second, first);
      await visitor.visit((session) => {
        session.destroy();
        assert.deepEqual([next(session), stored(session)], [undefined, second]);
      });
      assert.deepEqual(await visitor.see((session) => [next(session), stored(session)]), [
        undefined,
        undefined,
      ]);
    });

    test("a session that held nothing but what was flashed has one until that is read", async () => {
      const { visitor } = make();
      await visitor.visit((session) => session.flash("notice", "saved"));
      await visitor.visit((session) => {
        assert.equal(next(session), stored(session));
        assert.notEqual(next(session), undefined);
        session.get("notice");
        assert.equal(next(session), undefined);
        assert.notEqual(stored(session), undefined);
      });
      assert.equal(await visitor.see(stored), undefined);
    });

    test("invariant 17, a failed handler changes nothing: after a login that was answered with 500 it is the old one", async () => {
      const { visitor, first } = await begun(make);
      const { session } = await visitor.visit((each) => each.login("ada"), { status: 500 });
      assert.deepEqual([next(session), stored(session)], [first, first]);
      assert.equal(await visitor.see(next), first);
      const stranger = new Visitor(visitor.store);
      const failed = await stranger.visit((each) => each.set("a", 1), { status: 500 });
      assert.equal(next(failed.session), undefined);
      const ended = await visitor.visit((each) => each.logout(), { status: 500 });
      assert.equal(next(ended.session), undefined);
    });

    test("invariant 1, nothing for strangers: asking marks nothing, and draws nothing", async () => {
      const { visitor, random } = make();
      const { calls } = random;
      const { session, setCookie } = await visitor.visit((each) => {
        assert.deepEqual([next(each), stored(each)], [undefined, undefined]);
        assert.equal(internals.isLoaded(each), false);
        assert.equal(internals.isOpen(each), true);
      });
      assert.equal(internals.isAccessed(session), false);
      assert.deepEqual(setCookie, []);
      assert.equal(random.calls, calls);
    });

    test("a form that is rendered in a session uses and writes nothing", async () => {
      const { visitor, random, first } = await begun(make);
      const { calls } = random;
      const { session, setCookie, headers } = await visitor.visit((each) => {
        assert.deepEqual([next(each), stored(each)], [first, first]);
        assert.equal(internals.isLoaded(each), true);
      });
      assert.equal(internals.isAccessed(session), false);
      assert.deepEqual([setCookie, headers.get("vary")], [[], null]);
      assert.equal(random.calls, calls);
    });

    test("any sequence of requests: what was promised is found, and is another after a new token alone", async () => {
      const step = fc.constantFrom("read", "set", "nothing", "login", "regenerate", "logout");
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 12 }),
          async (all) => {
            const { visitor, time } = make();
            let expected: string | undefined;
            for (const steps of all) {
              time.advance(100);
              await visitor.visit((session) => {
                assert.equal(stored(session), expected);
                const isLoaded = internals.isLoaded(session);
                assert.equal(isLoaded, expected !== undefined);
                for (const each of steps) {
                  if (each === "read") session.get("a");
                  if (each === "set") session.set("a", 1);
                  if (each === "login") session.login("ada");
                  if (each === "regenerate") session.regenerate();
                  if (each === "logout") session.logout();
                  assert.equal(stored(session), expected);
                }
                assert.equal(internals.isLoaded(session), isLoaded);
                const promised = next(session);
                const isReplaced = steps.some((each) =>
                  ["login", "regenerate", "logout"].includes(each),
                );
                if (expected !== undefined) assert.equal(promised === expected, !isReplaced);
                expected = promised;
              });
            }
          },
        ),
        runs(60),
      );
    });
  });
}

describe("anti-forgery secret", () => {
  test("a session of an older token has none until a login or a new token gives it one", async () => {
    const sealer = xchachaSealer(SECRET);
    const payload = { handle: new Uint8Array(16), issuedAt: NOON, createdAt: NOON };
    const none = { authenticatedAt: undefined, antiForgerySecret: undefined, subject: undefined };
    const rest = { expiresAt: NOON + 1e9, flash: undefined, data: '{"a":1}' };
    const bytes = writePayload({ ...payload, ...none, ...rest });
    const token = sealer.seal(bytes, { purpose: "session", name: "__Host-session", now: NOON });
    for (const change of ["login", "regenerate"] as const) {
      const visitor = new Visitor(new CookieSessionStore<Any>({ sealer, clock: () => NOON }));
      visitor.jar.store(`__Host-session=${token}; Path=/; Secure`);
      await visitor.visit((session) => {
        session.set("a", 2);
        assert.deepEqual([next(session), stored(session)], [undefined, undefined]);
        assert.equal(internals.isLoaded(session), true);
      });
      assert.deepEqual(await visitor.see((session) => [session.get("a"), next(session)]), [
        2,
        undefined,
      ]);
      await visitor.visit((session) =>
        change === "login" ? session.login("a") : session[change](),
      );
      assert.match((await visitor.see(stored)) ?? "", /^[\w-]{43}$/);
    }
  });

  test("what a store of the application's gives, and is no secret, counts as missing", () => {
    const bad = [
      undefined,
      null,
      7,
      "",
      "x",
      {},
      "A".repeat(42),
      "A".repeat(44),
      `${FORM.slice(1)}_`,
    ];
    for (const antiForgerySecret of [...bad, `${FORM}=`, ` ${FORM}`] as Any[]) {
      const session = new Session<Any>({ a: 1 }, { id: "h", antiForgerySecret });
      session.set("a", 2);
      assert.deepEqual([next(session), stored(session)], [undefined, undefined]);
      assert.equal("antiForgerySecret" in session.toStored(), false);
    }
    const session = new Session<Any>({ a: 1 }, { id: "h", antiForgerySecret: FORM });
    assert.deepEqual([next(session), stored(session)], [FORM, FORM]);
    assert.equal(session.toStored().antiForgerySecret, FORM);
  });

  test("a state without a handle is a new session's, whatever else it says", () => {
    const session = new Session<Any>({ a: 1 }, { antiForgerySecret: FORM });
    assert.equal(stored(session), undefined);
    assert.notEqual(next(session), FORM);
    assert.equal(session.toStored().antiForgerySecret, next(session));
    assert.equal("antiForgerySecret" in new Session<Any>().toStored(), false);
  });

  test("invariant 10, secrets stay secret: nothing that shows a session shows it", async () => {
    const { visitor, first } = await begun(() =>
      sceneOf((options) => new InMemorySessionStore(options)),
    );
    const { session } = await visitor.visit(() => {});
    const inspect = Reflect.get(session, Symbol.for("nodejs.util.inspect.custom"));
    for (const shown of [JSON.stringify(session), String(session), inspect.call(session)]) {
      assert.equal(shown.includes(first), false, shown);
    }
  });

  test("of a session that was skipped nothing is known, and using it says so", () => {
    const session = new SessionMiddleware<Any>(new InMemorySessionStore()).skipped();
    assert.deepEqual([next(session), stored(session)], [undefined, undefined]);
    assert.deepEqual([internals.isLoaded(session), internals.isOpen(session)], [false, false]);
    assert.throws(() => internals.use(session), refusal("ERR_SESSION_MISSING"));
  });

  test("use marks a session as used, and nothing else", async () => {
    const visitor = new Visitor(new InMemorySessionStore<Any>());
    const { headers, setCookie } = await visitor.visit((session) => internals.use(session));
    assert.equal(headers.get("vary"), "Cookie");
    assert.deepEqual(setCookie, []);
  });
});

describe("the cookies without which there is no session", () => {
  const namesOf = async (store: SessionStore<Any>) =>
    internals.cookieNames(await new SessionMiddleware(store).load(requestOf()));

  test("are told by the stores of the library, prefix included", async () => {
    const cookie = { name: "shop", prefix: "none" } as const;
    const both = [cookieTransport(), headerTransport()];
    for (const [options, names] of [
      [{}, ["__Host-session"]],
      [{ cookie }, ["shop"]],
      [{ cookie: { chunks: 3 } }, ["__Host-session"]],
      [{ transport: headerTransport() }, []],
      [{ transport: both }, ["__Host-session"]],
      [{ transport: [cookieTransport(), cookieTransport(cookie)] }, ["__Host-session", "shop"]],
      [{ transport: { ...cookieTransport(cookie), vary: ["X", "cookie"] } }, ["shop"]],
    ] as const) {
      assert.deepEqual(await namesOf(new InMemorySessionStore(options)), names);
      assert.deepEqual(
        await namesOf(new CookieSessionStore({ secret: SECRET, ...options })),
        names,
      );
    }
  });

  test("are unknown of a store that does not say, and of a session that no middleware loaded", async () => {
    assert.equal(await namesOf(new MapStore()), undefined);
    assert.equal(internals.cookieNames(new Session()), undefined);
    const told = Object.assign(new MapStore(), { cookieNames: ["mine"] });
    assert.deepEqual(await namesOf(told), ["mine"]);
  });
});
