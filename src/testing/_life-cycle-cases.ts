import type { SceneCase } from "./_scene.ts";
import { read } from "./_stranger-cases.ts";
import { equal, ok } from "./check.ts";

export const lifeCycleCases: readonly SceneCase[] = [
  [
    "invariant 7, login changes the token: a new token, and anonymous data only where named",
    async ({ newVisitor, tokenOf }) => {
      const visitor = newVisitor();
      await visitor.post("/set", { cart: ["tea"], role: "admin", theme: "dark" });
      const before = tokenOf(visitor);
      const response = await visitor.post("/login?user=ada&keep=cart,theme");
      const answer = (await response.json()) as { id: string; subject: string };
      ok(tokenOf(visitor) !== before, "the token stayed the same");
      const after = await read(visitor);
      equal(after.data, { cart: ["tea"], theme: "dark" }, "the data after login");
      equal([answer.subject, answer.id], ["ada", after.id], "the answer to /login");
      equal(after.subject, "ada", "the subject after login");
    },
  ],
  [
    "a stranger may log in, the same user keeps all data, and another user gets none of it",
    async ({ newVisitor }) => {
      const visitor = newVisitor();
      await visitor.post("/login?user=ada");
      equal((await read(visitor)).subject, "ada", "the stranger's subject");
      await visitor.post("/set", { secret: 1 });
      await visitor.post("/login?user=ada");
      equal((await read(visitor)).data, { secret: 1 }, "after the same user's login");
      await visitor.post("/login?user=bob&keep=secret");
      const after = await read(visitor);
      equal([after.subject, after.data], ["bob", {}], "after another user's login");
    },
  ],
  [
    "regenerate gives a new token and keeps the data",
    async ({ newVisitor, tokenOf }) => {
      const visitor = newVisitor();
      await visitor.post("/set", { a: 1 });
      const before = tokenOf(visitor);
      equal((await visitor.post("/regenerate")).status, 204, "the answer to /regenerate");
      ok(tokenOf(visitor) !== before, "the token stayed the same");
      equal((await read(visitor)).data, { a: 1 }, "the data");
    },
  ],
  ...["/logout", "/destroy"].map(
    (path): SceneCase => [
      `POST ${path} ends the session and takes the token away`,
      async ({ newVisitor, tokenOf, carriesToken }) => {
        const visitor = newVisitor();
        await visitor.post("/login?user=ada");
        const response = await visitor.post(path);
        ok(carriesToken(response), "the answer takes no token away");
        equal(tokenOf(visitor), undefined, "the token that is left");
        const after = await read(visitor);
        equal([after.isNew, after.subject, after.data], [true, null, {}], "afterwards");
      },
    ],
  ),
  [
    "invariant 5, the dead stay dead: a copied token is worth nothing after logout, login and regenerate",
    async ({ newVisitor, tokenOf, transport, remembers }) => {
      for (const end of ["/logout", "/destroy", "/login?user=bob", "/regenerate"]) {
        const visitor = newVisitor();
        await visitor.post("/login?user=ada");
        const thief = newVisitor();
        thief.hold(transport.name, tokenOf(visitor) ?? "");
        equal((await read(thief)).subject, "ada", `before ${end}`);
        await visitor.post(end);
        const after = (await read(thief)).subject;
        // A store without memory cannot know, and its documentation says so.
        equal(after, remembers ? null : "ada", `a copied token after ${end}`);
      }
    },
  ],
  [
    "invariant 5, the dead stay dead: a request in flight during logout brings nothing back",
    async (scene) => {
      const changed = Promise.withResolvers<void>();
      const ended = Promise.withResolvers<void>();
      const { newVisitor, tokenOf, transport, carriesToken } = await scene.serveWith((store) => ({
        load: (request) => store.load(request),
        save: async (request, ...rest) => {
          if (request.headers.get("x-slow") !== null) {
            changed.resolve();
            await ended.promise;
          }
          await store.save(request, ...rest);
        },
      }));
      const visitor = newVisitor();
      await visitor.post("/login?user=ada");
      const slow = newVisitor();
      slow.hold(transport.name, tokenOf(visitor) ?? "");
      const inFlight = slow.request("/set", {
        method: "POST",
        json: { late: true },
        headers: { "x-slow": "1" },
      });
      await changed.promise;
      await visitor.post("/logout");
      ended.resolve();
      const response = await inFlight;
      equal(response.status, 409, "the answer to the change of an ended session");
      equal(await response.text(), "error: ERR_SESSION_GONE", "its text");
      ok(!carriesToken(response), "it carries a token");
    },
    "memory",
  ],
  [
    "invariant 6, a late response never harms a newer session: a slow reader undoes no change and no login",
    async (scene) => {
      for (const change of ["/set", "/login?user=bob"]) {
        const loaded = Promise.withResolvers<void>();
        const changed = Promise.withResolvers<void>();
        const { newVisitor, clock, idle } = await scene.serveWith((store) => ({
          load: (request) => store.load(request),
          save: async (request, ...rest) => {
            if (request.headers.get("x-slow") !== null) {
              loaded.resolve();
              await changed.promise;
            }
            await store.save(request, ...rest);
          },
        }));
        const visitor = newVisitor();
        await visitor.post("/set", { a: 1 });
        // Now a use has to be noted, so that the reader has something to write.
        clock.advance(idle / 2);
        const slow = visitor.request("/read", { headers: { "x-slow": "1" } });
        await loaded.promise;
        await visitor.post(change, { a: 2 });
        const after = await read(visitor);
        changed.resolve();
        await slow;
        const later = await read(visitor);
        equal([later.id, later.subject, later.data], [after.id, after.subject, after.data], change);
      }
    },
  ],
  [
    "invariant 4, no lost update: fifty requests at once leave fifty keys and a count of fifty",
    async ({ newVisitor }) => {
      const visitor = newVisitor();
      await visitor.post("/set", { count: 0 });
      const keys = Array.from({ length: 50 }, (_, index) => `k${index}`);
      await Promise.all([
        ...keys.map((key) => visitor.post("/set?delay=5", { [key]: 1 })),
        ...keys.map(() => visitor.get("/count")),
      ]);
      const { data } = await read(visitor);
      equal([Object.keys(data).length, data.count], [51, 50], "the keys and the count");
    },
    "memory",
  ],
];
