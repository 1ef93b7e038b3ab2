import assert from "node:assert/strict";
import { test } from "node:test";
import { Hono } from "hono";
import { InMemorySessionStore, type Session, SessionError } from "keepsake";
import { sessions } from "keepsake/adapters/fetch";
import { sessions as honoSessions } from "keepsake/adapters/hono";

interface Data {
  a: number;
}

const SECRET = "4eqhFCE9yngFbyB6a!Cro5gubbb92ay_nBb1oCF3";
const onEvent = () => undefined;
const withSession = sessions<Data>(SECRET, { onEvent });
const request = (cookie = "") => new Request("http://localhost/", { headers: { cookie } });

const cookieOf = (response: Response): string =>
  response.headers
    .getSetCookie()
    .map((line) => line.split(";")[0])
    .join("; ");

const isCommitted = (error: unknown) =>
  error instanceof SessionError && error.code === "ERR_SESSION_COMMITTED";

/** A response whose headers cannot be changed, as one passed on from another server, with any status. */
function closedResponse(status: number, body: string | null = null): Response {
  const isOrdinary = status >= 200;
  const response = new Response(body, {
    headers: { "x-upstream": "1" },
    ...(isOrdinary ? { status } : {}),
  });
  const refuse = () => {
    throw new TypeError("immutable");
  };
  for (const name of ["append", "delete", "set"]) {
    Object.defineProperty(response.headers, name, { value: refuse });
  }
  // An application cannot make the others itself on every runtime.
  return isOrdinary ? response : Object.defineProperty(response, "status", { value: status });
}

test("a response whose headers cannot be changed is made anew, its body untouched", async () => {
  for (const [answer, status] of [
    [await fetch("data:text/plain,passed%20on"), 200],
    [closedResponse(203, "passed on"), 203],
  ] as const) {
    const response = await withSession((_, session) => {
      session.set("a", 1);
      return answer;
    })(request());
    assert.equal(response.status, status);
    assert.equal(await response.text(), "passed on");
    assert.equal(response.headers.getSetCookie().length, 1);
    if (status === 203) assert.equal(response.headers.get("x-upstream"), "1");
  }
});

for (const status of [204, 205, 304]) {
  test(`a response of status ${status} is made anew without a body`, async () => {
    const response = await withSession((_, session) => {
      session.set("a", 1);
      return closedResponse(status);
    })(request());
    assert.equal(response.status, status);
    assert.equal(response.body, null);
    assert.equal(response.headers.get("x-upstream"), "1");
    assert.equal(response.headers.getSetCookie().length, 1);
  });
}

/** What a handler may answer with that carries no token. */
const TOKENLESS: Readonly<Record<string, () => Response | undefined>> = {
  "nothing, as Bun wants it after an upgrade": () => undefined,
  "an upgrade that the runtime answers itself": () => closedResponse(101),
  "Response.error()": () => closedResponse(0),
};

for (const [what, create] of Object.entries(TOKENLESS)) {
  test(`${what} is passed on untouched where the session was not used, or only read`, async () => {
    const answer = create();
    const uses = [(_: Session<Data>) => {}, ({ subject }: Session<Data>) => subject];
    for (const use of uses) {
      const handler = withSession((_, session) => {
        use(session);
        return answer;
      });
      assert.equal(await handler(request()), answer);
    }
  });

  test(`${what} with a changed session is an error that says so, and nothing is saved`, async () => {
    const store = new InMemorySessionStore<Data>();
    const handler = sessions(store, { onEvent })((_, session) => {
      session.set("a", 1);
      return create();
    });
    await assert.rejects(handler(request()), isCommitted);
    assert.equal(store.size, 0);
  });

  test(`${what} with a changed session is answered by onError`, async () => {
    const handler = sessions<Data>(SECRET, {
      onEvent,
      onError: (error) => new Response(String(isCommitted(error)), { status: 500 }),
    })((_, session) => {
      session.set("a", 1);
      return create();
    });
    const response = await handler(request());
    assert.equal(response?.status, 500);
    assert.equal(await response?.text(), "true");
    assert.deepEqual(response?.headers.getSetCookie(), []);
  });

  test(`${what} with a session that was ended: it is dead, and the answer takes the token away`, async () => {
    const store = new InMemorySessionStore<Data>();
    const onError = () => new Response(null, { status: 500 });
    const serve = sessions<Data>(store, { onEvent, onError });
    const cookie = cookieOf(
      await serve((_, session) => {
        session.set("a", 1);
        return new Response();
      })(request()),
    );
    const response = await serve((_, session) => {
      session.logout();
      return create();
    })(request(cookie));
    assert.equal(response?.status, 500);
    assert.match(response?.headers.getSetCookie().join() ?? "", /^__Host-session=;/);
    assert.equal((await store.load(request(cookie))).isNew, true);
  });

  test(`${what} closes the session: what a socket does with it later is refused`, async () => {
    let kept: Session<Data> | undefined;
    await withSession((_, session) => {
      kept = session;
      void session.subject;
      return create();
    })(request());
    assert.throws(() => kept?.set("a", 1), isCommitted);
  });
}

test("an upgrade whose headers are open carries the token, as on workerd", async () => {
  const open = Object.defineProperty(new Response(), "status", { value: 101 });
  const response = await withSession((_, session) => {
    session.set("a", 1);
    return open;
  })(request());
  assert.equal(response, open);
  assert.equal(response.headers.getSetCookie().length, 1);
});

test("Hono: an upgrade is passed on untouched, and with a changed session an error that says so", async () => {
  const upgrade = closedResponse(101);
  const errors: unknown[] = [];
  const app = new Hono()
    .use(honoSessions(SECRET, { onEvent }))
    .get("/read", (c) => {
      void c.var.session.subject;
      return upgrade;
    })
    .get("/change", (c) => {
      c.var.session.login("ada");
      return upgrade;
    })
    .onError((error, c) => {
      errors.push(error);
      return c.text("sorry", 500);
    });
  assert.equal(await app.request("/read"), upgrade);
  const response = await app.request("/change");
  assert.equal(response.status, 500);
  assert.deepEqual(response.headers.getSetCookie(), []);
  assert.ok(errors.length === 1 && errors.every(isCommitted));
});
