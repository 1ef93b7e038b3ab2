import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { CookieSessionStore, ServerSessionStore, type SessionStore } from "keepsake";
import { fakeClock, Visitor } from "keepsake/testing";
import type { ProbeData } from "./app.ts";
import { type AdapterName, hosts, serveProbe } from "./serve.ts";
import { newPlace, SERVER_STORES } from "./test-databases.ts";

const adapters = Object.keys(hosts) as AdapterName[];

const clock = fakeClock();

async function serve(t: TestContext, adapter: AdapterName, store: SessionStore<ProbeData>) {
  const { url, close } = await serveProbe(adapter, { store });
  t.after(close);
  return url;
}

async function openStore(t: TestContext, name: (typeof SERVER_STORES)[number]) {
  const place = newPlace(name);
  const { repository, close } = await place.open();
  t.after(async () => {
    await close();
    await place.remove();
  });
  return new ServerSessionStore<ProbeData>(repository, {
    clock,
    idleTimeout: 3600,
    label: ({ headers }) => headers.get("user-agent") ?? undefined,
  });
}

/** A visitor who has logged in, and the handle of the session. */
async function newUser(url: string, user: string, device?: string) {
  const visitor = new Visitor(url, clock);
  const headers = device === undefined ? {} : { "user-agent": device };
  const login = await visitor.request(`/login?user=${user}`, { method: "POST", headers });
  const { id } = (await login.json()) as { id: string };
  const isIn = async () => (await visitor.read<{ subject: unknown }>("/read")).subject === user;
  return { visitor, id, isIn };
}

for (const adapter of adapters) {
  for (const name of adapter === "hono" ? SERVER_STORES : (["memory"] as const)) {
    test(`${adapter}, ${name}: a user's sessions are listed, and one, or all others, revoked`, async (t) => {
      const url = await serve(t, adapter, await openStore(t, name));
      const phone = await newUser(url, "ada", "a phone");
      const start = clock();
      clock.advance(60);
      const desk = await newUser(url, "ada", "a desk");
      const tablet = await newUser(url, "ada");
      const other = await newUser(url, "bob");

      const times = (at: number) => ({
        createdAt: new Date(at).toISOString(),
        lastUsedAt: new Date(at).toISOString(),
        expiresAt: new Date(at + 3_600_000).toISOString(),
      });
      const list = await desk.visitor.read<{ id: string }[]>("/sessions");
      const byId = (one: { id: string }, two: { id: string }) => (one.id < two.id ? -1 : 1);
      assert.deepEqual(
        list.sort(byId),
        [
          { id: desk.id, label: "a desk", ...times(clock()), current: true },
          { id: phone.id, label: "a phone", ...times(start) },
          // What Node's fetch calls itself.
          { id: tablet.id, label: "node", ...times(clock()) },
        ].sort(byId),
      );

      assert.equal((await desk.visitor.post(`/revoke?id=${phone.id}`)).status, 204);
      assert.deepEqual([await phone.isIn(), await tablet.isIn()], [false, true]);
      assert.equal((await desk.visitor.post(`/revoke?id=${phone.id}`)).status, 404, "once more");
      assert.equal((await desk.visitor.post(`/revoke?id=${other.id}`)).status, 404, "bob's");
      assert.equal((await desk.visitor.post("/revoke?id=x")).status, 404, "nobody's");

      assert.equal((await desk.visitor.post("/revoke-others")).status, 204);
      assert.deepEqual([await desk.isIn(), await tablet.isIn()], [true, false]);
      assert.equal(await other.isIn(), true);
    });
  }

  test(`${adapter}: a stranger has no sessions to list or to revoke, and gets none by asking`, async (t) => {
    const url = await serve(t, adapter, await openStore(t, "memory"));
    const user = await newUser(url, "ada");
    const stranger = new Visitor(url, clock);
    const anonymous = new Visitor(url, clock);
    await anonymous.post("/set", { cart: ["tea"] });
    const { id } = await anonymous.read<{ id: string }>("/read");
    for (const visitor of [stranger, anonymous]) {
      assert.deepEqual(await visitor.read("/sessions"), []);
      assert.equal((await visitor.post(`/revoke?id=${user.id}`)).status, 404);
      assert.equal((await visitor.post(`/revoke?id=${id}`)).status, 404, "it has no subject");
      assert.equal((await visitor.post("/revoke-others")).status, 204);
    }
    assert.deepEqual(stranger.jar.names, []);
    assert.equal(await user.isIn(), true);
  });

  test(`${adapter}: a sealed cookie cannot be listed or revoked`, async (t) => {
    const store = new CookieSessionStore({ secret: "4eqhFCE9yngFbyB6a!Cro5gubbb92ay_nBb1oCF3" });
    const { visitor } = await newUser(await serve(t, adapter, store), "ada");
    for (const [method, path] of [
      ["GET", "/sessions"],
      ["POST", "/revoke?id=x"],
      ["POST", "/revoke-others"],
    ] as const) {
      assert.equal((await visitor.request(path, { method })).status, 501, path);
    }
  });
}
