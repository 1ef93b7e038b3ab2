import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { assertUnavailable, COOKIE } from "./failing-client.ts";
import type { Scene } from "./failing-scene.ts";

/** Every route that has to do with a session. */
const REQUESTS: readonly (readonly [method: string, path: string, json?: unknown])[] = [
  ["GET", "/read"],
  ["GET", "/count"],
  ["POST", "/set", { during: true }],
  ["POST", "/push?key=list&value=during"],
  ["POST", "/delete?key=kept"],
  ["POST", "/clear"],
  ["POST", "/login?user=mallory"],
  ["POST", "/logout"],
  ["POST", "/regenerate"],
  ["POST", "/destroy"],
  ["POST", "/flash?key=note&value=during"],
  ["GET", "/redirect?key=during"],
  ["GET", "/stream?key=during"],
  ["GET", "/sessions"],
  ["POST", "/revoke-others"],
];

/** Lets a database fail as a whole, and be well again: nobody becomes a stranger, nothing is lost, nothing is made up. */
export async function survivesOutage(t: TestContext, scene: Scene, failure: string): Promise<void> {
  const user = await scene.user("ada");
  const { id } = await user.read();
  const before = await scene.record(id);
  scene.forget();

  t.after(() => scene.heal());
  await scene.fail(failure);
  await Promise.all(
    scene.urls.flatMap((_, index) =>
      REQUESTS.map(async ([method, path, json]) => {
        const client = scene.onEach(user)[index];
        assert.ok(client);
        assertUnavailable(await client.send(method, path, json), `${method} ${path} at ${index}`);
      }),
    ),
  );
  // By now it is known to be down.
  for (const client of scene.onEach(user)) {
    assertUnavailable(await client.get("/read"), "once more");
    client.visitor.hold(COOKIE, `${"B".repeat(21)}A.${"C".repeat(42)}A`);
    assertUnavailable(await client.get("/read"), "what may be the token of a session");
  }
  assert.equal(scene.strangers, 0);

  const calls = scene.calls.length;
  for (const url of scene.urls) {
    for (const token of [undefined, "junk", `${id}.short`]) {
      const stranger = scene.client(url);
      if (token !== undefined) stranger.visitor.hold(COOKIE, token);
      const { status, cookies, text } = await stranger.get("/read");
      assert.deepEqual([status, cookies, JSON.parse(text).isNew], [200, [], true]);
    }
    assert.equal((await scene.client(url).get("/healthz")).status, 200);
  }
  assert.equal(scene.calls.length, calls, "a stranger who reads costs no call");
  for (const url of scene.urls) {
    const stranger = scene.client(url);
    assertUnavailable(await stranger.post("/set", { during: true }), "a stranger's change");
    assertUnavailable(await stranger.post("/login?user=mallory"), "a stranger's login");
  }

  await scene.heal();
  t.diagnostic(`${Math.round(await scene.recovered())} ms to recover`);
  for (const client of scene.onEach(user)) {
    const { subject, data } = await client.read();
    assert.deepEqual([subject, data], ["ada", { kept: "from before" }]);
  }
  assert.deepEqual(await scene.record(id), before, "something was written");
  scene.assertInTime();
  await user.surely("POST", "/set", { after: true });
  // Reads and writes are given up on apart, and it is up when both are.
  const told = scene.events.map(({ type }) => type).filter((type) => type.startsWith("store-"));
  assert.equal(told.at(-1), "store-up");
  await user.surely("POST", "/logout");
  assert.equal((await user.read()).isNew, true);
}
