import { SessionError } from "../core/errors.ts";
import type { SceneCase } from "./_scene.ts";
import { read } from "./_stranger-cases.ts";
import { equal, ok } from "./check.ts";

export const failureCases: readonly SceneCase[] = [
  [
    "invariant 13, down is not anonymous: a store that cannot load is a 503, and sets no token",
    async ({ serveWith }) => {
      const failures = [
        () => {
          throw new Error("the database is down");
        },
        () => Promise.reject(new Error("the database is down")),
      ];
      for (const load of failures) {
        const scene = await serveWith((store) => ({
          load,
          save: (...args) => store.save(...args),
        }));
        const response = await scene.newVisitor().get("/read");
        equal(response.status, 503, "the status");
        equal(await response.text(), "error: ERR_SESSION_STORE", "the text");
        ok(!scene.carriesToken(response), "the answer carries a token");
      }
    },
  ],
  [
    "invariant 13, down is not anonymous: a store that says when to come back is heard",
    async ({ serveWith }) => {
      const unavailable = () => {
        const error = new SessionError("ERR_SESSION_STORE", "down for a moment");
        error.headers = { "retry-after": "2" };
        return Promise.reject(error);
      };
      const failures = [{ load: unavailable }, { save: unavailable }];
      for (const failure of failures) {
        const scene = await serveWith((store) => ({
          load: (request) => store.load(request),
          save: (...args) => store.save(...args),
          ...failure,
        }));
        const response = await scene.newVisitor().get("/count");
        equal([response.status, response.headers.get("retry-after")], [503, "2"], "the answer");
      }
    },
  ],
  [
    "invariant 13, down is not anonymous: a failed save is a 503, never the handler's own success",
    async ({ serveWith, events }) => {
      const failures = [
        () => {
          throw new Error("the database is down");
        },
        async () => {
          throw new Error("the database is down");
        },
      ];
      for (const save of failures) {
        const scene = await serveWith((store) => ({
          load: (request) => store.load(request),
          save,
        }));
        for (const path of ["/count", "/redirect?key=k", "/stream?key=k", "/own-cookie?key=k"]) {
          const response = await scene.newVisitor().get(path);
          equal(response.status, 503, `the status of ${path}`);
          equal(await response.text(), "error: ERR_SESSION_STORE", `the text of ${path}`);
          equal(response.headers.getSetCookie(), [], `the cookies of ${path}`);
          equal(response.headers.get("location"), null, `the location of ${path}`);
        }
      }
      ok(
        events.some(({ type }) => type === "save-failed"),
        "the failure is no event",
      );
    },
  ],
  [
    "invariant 14, bounded: what is too large is a 500 that names its code, and the session stays",
    async ({ newVisitor }) => {
      const visitor = newVisitor();
      await visitor.post("/set", { a: 1 });
      const response = await visitor.get("/large?size=100000");
      equal(response.status, 500, "the status");
      ok(/^error: ERR_(COOKIE|SESSION)_TOO_LARGE$/.test(await response.text()), "the code");
      equal((await read(visitor)).data, { a: 1 }, "what was kept");
    },
  ],
  [
    "invariant 16, nothing is changed silently: what cannot be stored is a 500, never a hang or a success",
    async ({ newVisitor, carriesToken }) => {
      const visitor = newVisitor();
      await visitor.post("/set", { a: 1 });
      const response = await visitor.get("/unstorable");
      equal(response.status, 500, "the status");
      equal(await response.text(), "error: ERR_SESSION_VALUE", "the text");
      ok(!carriesToken(response), "the answer carries a token");
      equal((await read(visitor)).data, { a: 1 }, "what was kept");
    },
  ],
  [
    "invariant 10, secrets stay secret: no token in the body of an error, nor in an event",
    async ({ newVisitor, tokenOf, events }) => {
      const visitor = newVisitor();
      await visitor.post("/set", { a: 1 });
      const token = tokenOf(visitor) ?? "";
      const texts: string[] = [];
      for (const path of ["/throw?key=a", "/unstorable", "/large?size=100000", "/public?key=a"]) {
        texts.push(await (await visitor.get(path)).text());
      }
      texts.push(events.map((event) => `${JSON.stringify(event)} ${errorText(event)}`).join("\n"));
      const parts = [token, tokenOf(visitor) ?? "", token.split(".").at(-1) ?? ""];
      for (const part of parts) {
        ok(part.length > 20, "there is a token to look for");
        ok(!texts.some((text) => text.includes(part)), "a token was told");
      }
    },
  ],
  [
    "a client that is gone before the answer harms nobody",
    async ({ serveWith }) => {
      const asked = Promise.withResolvers<void>();
      const left = Promise.withResolvers<void>();
      const { newVisitor } = await serveWith((store) => ({
        async load(request) {
          if (request.headers.get("x-leaves") !== null) {
            asked.resolve();
            await left.promise;
          }
          return store.load(request);
        },
        save: (...args) => store.save(...args),
      }));
      const visitor = newVisitor();
      await visitor.post("/set", { a: 1 });
      const gone = new AbortController();
      const { signal } = gone;
      const headers = { "x-leaves": "1" };
      const requests = Array.from({ length: 5 }, (_, round) =>
        visitor.request("/set", { method: "POST", json: { b: round }, headers, signal }).then(
          () => "answered",
          () => "gone",
        ),
      );
      await asked.promise;
      gone.abort();
      equal([...new Set(await Promise.all(requests))], ["gone"], "the requests");
      left.resolve();
      equal((await read(visitor)).data.a, 1, "the session afterwards");
    },
  ],
];

function errorText(event: { readonly type: string; readonly error?: unknown }): string {
  return event.error instanceof Error ? `${event.error.message} ${event.error.stack}` : "";
}
