import type { Scene, SceneCase } from "./_scene.ts";
import { read } from "./_stranger-cases.ts";
import { equal, ok } from "./check.ts";

/** A store whose saves take a while, and the moment at which each was done. */
const slowly = ({ serveWith }: Scene, saves: number[]): Promise<Scene> =>
  serveWith((store) => ({
    ...(store.vary === undefined ? {} : { vary: store.vary }),
    load: (request) => store.load(request),
    async save(request, response, session) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      await store.save(request, response, session);
      saves.push(performance.now());
    },
  }));

/** Routes that change the session, whatever their answers look like. */
const CHANGING = [
  "/redirect",
  "/stream",
  "/events",
  "/hints",
  "/own-cookie",
  "/own-cookies",
  ...[200, 204, 205, 304, 404].map((status) => `/status/${status}`),
];

/** Asks until it is so, and gives up after half a minute. */
async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  for (let asked = 0; !(await isSo()); asked += 1) {
    ok(asked < 3000, what);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export const responseCases: readonly SceneCase[] = [
  ...CHANGING.map(
    (path): SceneCase => [
      `invariant 3, saved before seen: GET ${path}`,
      async (scene) => {
        const saves: number[] = [];
        const { newVisitor, carriesToken } = await slowly(scene, saves);
        const visitor = newVisitor();
        const response = await visitor.get(`${path}?key=k&value=v`);
        const seen = performance.now();
        ok(carriesToken(response), "the answer carries no token");
        equal(saves.length, 1, "how often it was saved");
        ok((saves[0] ?? Number.POSITIVE_INFINITY) <= seen, "the answer came before the save");
        await response.text();
        equal((await read(visitor)).data, { k: "v" }, "the next request");
      },
    ],
  ),
  [
    "invariant 3, saved before seen: HEAD",
    async (scene) => {
      const saves: number[] = [];
      const { newVisitor, carriesToken } = await slowly(scene, saves);
      const visitor = newVisitor();
      const response = await visitor.request("/count", { method: "HEAD" });
      ok(carriesToken(response), "the answer carries no token");
      equal([await response.text(), saves.length], ["", 1], "its body, and how often it was saved");
      equal(await visitor.read("/count"), { count: 2 }, "the next request");
    },
  ],
  [
    "a redirect and a stream arrive whole",
    async ({ newVisitor }) => {
      const visitor = newVisitor();
      const redirect = await visitor.get("/redirect?key=k&value=v");
      equal([redirect.status, redirect.headers.get("location")], [302, "/read"], "the redirect");
      const stream = await visitor.get("/stream?key=k&value=w");
      const wanted = [1, 2, 3, 4, 5].map((tick) => `chunk ${tick}\n`).join("");
      equal(await stream.text(), wanted, "the stream");
    },
  ],
  [
    "server-sent events arrive one by one, as they are written",
    async ({ newVisitor }) => {
      const response = await newVisitor().get("/events?key=k&value=v");
      equal(response.headers.get("content-type"), "text/event-stream", "the type");
      const wanted = [1, 2, 3].map((tick) => `data: chunk ${tick}\n\n`).join("");
      equal(await response.text(), wanted, "the events");
    },
  ],
  [
    "a body without an end begins at once, and a client that goes in the middle of it harms nobody",
    async ({ newVisitor, carriesToken }) => {
      const visitor = newVisitor();
      const gone = new AbortController();
      const response = await visitor.request("/endless?key=k&value=v", { signal: gone.signal });
      ok(carriesToken(response), "the answer carries no token");
      const first = await response.body?.getReader().read();
      ok(new TextDecoder().decode(first?.value).startsWith("chunk 1\n"), "the first chunk");
      gone.abort();
      equal((await read(visitor)).data, { k: "v" }, "the next request");
    },
  ],
  [
    "a client that goes while the session is saved harms nobody, and what it changed is kept whole or not at all",
    async ({ newVisitor, serveWith, remembers }) => {
      const begun = Promise.withResolvers<void>();
      const goOn = Promise.withResolvers<void>();
      let saved = false;
      const slow = await serveWith((store) => ({
        ...(store.vary === undefined ? {} : { vary: store.vary }),
        load: (request) => store.load(request),
        async save(request, response, session) {
          if (session.get("b") !== undefined && !saved) {
            begun.resolve();
            await goOn.promise;
            await store.save(request, response, session);
            saved = true;
          } else await store.save(request, response, session);
        },
      }));
      const visitor = slow.newVisitor();
      await visitor.post("/set", { a: 1 });
      const gone = new AbortController();
      const request = visitor
        .request("/set", { method: "POST", json: { b: 1, c: 1 }, signal: gone.signal })
        .then(
          () => "answered",
          () => "gone",
        );
      await begun.promise;
      gone.abort();
      equal(await request, "gone", "what became of the request");
      goOn.resolve();
      await until(async () => saved, "the save never ended");
      equal(
        (await read(visitor)).data,
        remembers ? { a: 1, b: 1, c: 1 } : { a: 1 },
        "what is kept",
      );
      equal((await read(newVisitor())).data, {}, "another visitor");
    },
  ],
  [
    "invariant 3, saved before seen: a change after the response began throws where it is made",
    async ({ newVisitor }) => {
      const visitor = newVisitor();
      await visitor.post("/set", { a: 1 });
      const text = await (await visitor.get("/late?key=k&value=v")).text();
      equal(text, "first\nerror: ERR_SESSION_COMMITTED", "the text");
      equal((await read(visitor)).data, { a: 1 }, "what was kept");
    },
  ],
  [
    "the application's own cookie stays beside the session's",
    async ({ newVisitor, carriesToken }) => {
      const response = await newVisitor().get("/own-cookie?key=k&value=v");
      ok(
        response.headers.getSetCookie().includes("own=1; Path=/"),
        "the application's cookie is gone",
      );
      ok(carriesToken(response), "the answer carries no token");
      const lines = response.headers.getSetCookie().map((line) => line.split("=")[0]);
      equal(new Set(lines).size, lines.length, "how many lines a name has");
    },
  ],
  [
    "several cookies of the application, and a header of several lines, stay what they are",
    async ({ newVisitor, carriesToken }) => {
      for (const path of ["/own-cookies?key=k&value=v", "/own-cookies"]) {
        const response = await newVisitor().get(path);
        const own = response.headers.getSetCookie().slice(0, 2);
        equal(own, ["own=1; Path=/", "other=a, b; Path=/"], "the application's cookies");
        equal(response.headers.get("x-list"), "a, b", "the list");
        equal(carriesToken(response), path.includes("?"), "a token");
      }
    },
  ],
  [
    "invariant 15, caches stay clean: no-store with a token, Vary after reading, neither without",
    async ({ newVisitor, transport, events }) => {
      const visitor = newVisitor();
      const varies = (response: Response) =>
        transport.vary.every((name) =>
          (response.headers.get("vary") ?? "").toLowerCase().includes(name.toLowerCase()),
        );
      const untouched = await visitor.get("/healthz");
      ok(!varies(untouched), "an answer that did not read the session varies");
      equal(untouched.headers.get("cache-control"), null, "its Cache-Control");
      ok(varies(await visitor.get("/read")), "an answer that read the session does not vary");
      const changed = await visitor.get("/public?key=k&value=v");
      equal(changed.headers.get("cache-control"), "no-store", "Cache-Control with a token");
      equal(changed.headers.get("cdn-cache-control"), null, "CDN-Cache-Control with a token");
      ok(varies(await visitor.get("/state")), "asking what there is to save is reading, too");
      ok(varies(changed), "an answer with a token does not vary");
      ok(
        events.some(({ type }) => type === "cache-control-overruled"),
        "overruling is no event",
      );
    },
  ],
  [
    "invariant 17, a failed handler changes nothing: a thrown error and a status of 500 or more",
    async ({ newVisitor, carriesToken }) => {
      const visitor = newVisitor();
      await visitor.post("/set", { a: 1 });
      for (const path of ["/throw", "/status/500", "/status/503"]) {
        const response = await visitor.get(`${path}?key=a&value=changed`);
        ok(response.status >= 500, `${path} answered ${response.status}`);
        ok(!carriesToken(response), `${path} wrote a token`);
        equal((await read(visitor)).data, { a: 1 }, `after ${path}`);
      }
      ok(!carriesToken(await newVisitor().get("/throw?key=a")), "a stranger's error set a token");
    },
  ],
  [
    "invariant 17, a failed handler changes nothing: but logout takes effect",
    async ({ newVisitor, tokenOf, transport, remembers }) => {
      const visitor = newVisitor();
      for (const path of ["/logout?status=500", "/logout?size=100000"]) {
        await visitor.post("/login?user=ada");
        const thief = newVisitor();
        thief.hold(transport.name, tokenOf(visitor) ?? "");
        equal((await visitor.post(path)).status, 500, "the answer");
        equal(tokenOf(visitor), undefined, "the token that is left");
        equal((await read(visitor)).subject, null, "the subject afterwards");
        equal((await read(thief)).subject, remembers ? null : "ada", "what a copied token shows");
      }
    },
  ],
];
