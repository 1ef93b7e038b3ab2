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

export const responseCases: readonly SceneCase[] = [
  ...["/redirect", "/stream", "/status/200", "/status/204", "/status/404", "/own-cookie"].map(
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
