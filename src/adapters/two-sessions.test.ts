import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import {
  CookieSessionStore,
  InMemorySessionStore,
  type Session,
  SessionError,
  type SessionRequest,
  type SessionResponse,
  type SessionStore,
} from "keepsake";
import { CookieJar, fakeClock } from "keepsake/testing";
import { SECRET } from "../core/kit.test.ts";
import { tick } from "./express-kit.test.ts";
import { cookieNames } from "./node-kit.test.ts";
import { serveTwo, type TwoSessions } from "./two-sessions-kit.test.ts";

const onEvent = () => undefined;

/** Stores of one kind, told apart by the names of their cookies. */
type CreateStore = (name: string) => SessionStore;
const kinds: Record<string, CreateStore> = {
  "at once": (name) => new CookieSessionStore({ secret: SECRET, cookie: { name }, onEvent }),
  later: (name) => {
    const store = new InMemorySessionStore({ cookie: { name }, onEvent });
    return {
      load: (request) => store.load(request),
      async save(request, response, session) {
        await tick();
        await store.save(request, response, session);
      },
    };
  },
};

/** A store whose saves fail as long as it is told to. */
function failing(store: SessionStore): SessionStore & { fails: boolean } {
  return {
    fails: false,
    load: (request) => store.load(request),
    save(request, response, session) {
      if (this.fails) throw new Error("down");
      return store.save(request, response, session);
    },
  };
}

type Visit = (path: string) => Promise<Response>;

/** A visitor who keeps cookies. */
function newVisitor(serve: (path: string, cookie: string) => Promise<Response>) {
  const jar = new CookieJar(fakeClock(Date.now()));
  const visit: Visit = async (path) => {
    const response = await serve(path, jar.header("/") ?? "");
    jar.store(response);
    return response;
  };
  return { jar, visit, look: async () => (await visit("/look")).json() };
}

const acts: Record<string, (session: Session, admin: Session) => unknown> = {
  "/both": (session, admin) => {
    session.set("a", 1);
    admin.set("b", 1);
  },
  "/more": (session, admin) => {
    session.set("a", 2);
    admin.set("b", 2);
  },
  "/one": (session) => session.set("a", 3),
  "/login": (_, admin) => admin.login("root", { keep: ["b"] }),
  "/logout": (session) => session.logout(),
  "/end-one": (session, admin) => {
    session.logout();
    admin.set("b", 4);
  },
  "/end-other": (session, admin) => {
    session.set("a", 4);
    admin.logout();
  },
};

const act = (path: string, { session, adminSession }: TwoSessions): string => {
  acts[path]?.(session, adminSession);
  return JSON.stringify([
    session.toObject(),
    session.subject ?? null,
    adminSession.toObject(),
    adminSession.subject ?? null,
  ]);
};

/** As a store that is down, and as one whose session has ended meanwhile: then the answer is no error of the server's. */
const failures = {
  down: () => new Error("down"),
  gone: () => new SessionError("ERR_SESSION_GONE", "The session has ended."),
};

/** A store whose saves fail as long as it is told to, after a moment or at once. */
function refusing(store: SessionStore, failure: () => Error, isLater: boolean) {
  return {
    fails: false,
    load: (request: SessionRequest) => store.load(request),
    save(request: SessionRequest, response: SessionResponse, session: Session) {
      if (!this.fails) return store.save(request, response, session);
      if (!isLater) throw failure();
      return tick().then(() => {
        throw failure();
      });
    },
  };
}

for (const [adapter, start] of Object.entries(serveTwo)) {
  for (const [how, failure] of Object.entries(failures)) {
    for (const [isOuterLater, isInnerLater] of [
      [true, false],
      [false, true],
      [true, true],
    ] as const) {
      const which = `the outer ${isOuterLater ? "later" : "at once"}, the inner (${how}) ${isInnerLater ? "later" : "at once"}`;
      test(`${adapter}: where both saves fail, ${which}, the answer is an error, and the server goes on`, async (t) => {
        const make = kinds.later as CreateStore;
        const session = refusing(make("session"), failures.down, isOuterLater);
        const admin = refusing(make("admin"), failure, isInnerLater);
        const { visit, look } = newVisitor(await start(t, session, admin, act));
        await visit("/both");
        session.fails = true;
        admin.fails = true;
        const { status } = await visit("/more");
        assert.ok(status === 503 || status === 409, String(status));
        session.fails = false;
        admin.fails = false;
        assert.deepEqual(await look(), [{ a: 1 }, null, { b: 1 }, null]);
      });
    }
  }

  for (const [which, createStore] of Object.entries(kinds)) {
    const scene = async (t: TestContext) => {
      const session = failing(createStore("session"));
      const admin = failing(createStore("admin"));
      const serve = await start(t, session, admin, act);
      return { session, admin, ...newVisitor(serve) };
    };

    test(`${adapter}, saved ${which}: two kinds of session have a cookie each, and a line each`, async (t) => {
      const { visit, look } = await scene(t);
      assert.deepEqual(cookieNames(await visit("/look")), []);
      assert.deepEqual(cookieNames(await visit("/both")).sort(), [
        "__Host-admin",
        "__Host-session",
      ]);
      assert.deepEqual(await look(), [{ a: 1 }, null, { b: 1 }, null]);
      const names = cookieNames(await visit("/one"));
      // A token that only names a session stays as it is.
      assert.deepEqual(names, which === "at once" ? ["__Host-session"] : []);
      assert.deepEqual(await look(), [{ a: 3 }, null, { b: 1 }, null]);
    });

    test(`${adapter}, saved ${which}: a login and a logout in one leave the other alone`, async (t) => {
      const { visit, look } = await scene(t);
      await visit("/both");
      assert.deepEqual(cookieNames(await visit("/login")), ["__Host-admin"]);
      assert.deepEqual(await look(), [{ a: 1 }, null, { b: 1 }, "root"]);
      assert.deepEqual(cookieNames(await visit("/logout")), ["__Host-session"]);
      assert.deepEqual(await look(), [{}, null, { b: 1 }, "root"]);
    });

    for (const broken of ["session", "admin"] as const) {
      test(`${adapter}, saved ${which}: where the save of one fails (${broken}), the answer is no success and carries no token`, async (t) => {
        const { visit, look, ...stores } = await scene(t);
        await visit("/both");
        stores[broken].fails = true;
        const response = await visit("/more");
        assert.equal(response.status, 503);
        assert.deepEqual(cookieNames(response), []);
        assert.doesNotMatch(await response.text(), /"a"/);
        stores[broken].fails = false;
        const [a, , b] = await look();
        assert.equal(broken === "session" ? a.a : b.b, 1, "what could not be saved");
      });

      test(`${adapter}, saved ${which}: where the save of one fails (${broken}), the other ends all the same`, async (t) => {
        const { visit, look, ...stores } = await scene(t);
        await visit("/both");
        stores[broken].fails = true;
        const response = await visit(broken === "session" ? "/end-other" : "/end-one");
        assert.equal(response.status, 503);
        stores[broken].fails = false;
        const [a, , b] = await look();
        assert.deepEqual(broken === "session" ? [a, b] : [b, a], [
          broken === "session" ? { a: 1 } : { b: 1 },
          {},
        ]);
      });
    }
  }
}
