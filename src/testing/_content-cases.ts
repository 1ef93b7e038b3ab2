import type { SceneCase } from "./_scene.ts";
import { read } from "./_stranger-cases.ts";
import { equal, ok } from "./check.ts";

/** JSON as text, because a JavaScript object could not hold all of it as it is written. */
const NASTY = [
  '{"b":1,"a":2}',
  '{"":"empty key","nul":"\\u0000","lone":"\\ud800","pair":"\\ud83d\\ude00"}',
  '{"__proto__":{"admin":true},"constructor":1,"toString":2,"hasOwnProperty":3}',
  '{"big":9007199254740992,"small":5e-324,"negative":-1.5,"zero":0}',
  '{"nested":{"z":[1,[2,[3,{"y":null}]]],"a":{"__proto__":1}},"empty":{},"list":[]}',
  '{"save":1,"destroy":2,"id":3,"then":4,"toJSON":5,"cookie":6,"data":7,"get":8}',
];

export const contentCases: readonly SceneCase[] = [
  [
    "what is set is there in the next request, and is changed, deleted and cleared",
    async ({ newVisitor }) => {
      const visitor = newVisitor();
      equal((await visitor.post("/set", { a: 1, b: [2] })).status, 204, "the answer to /set");
      equal((await read(visitor)).data, { a: 1, b: [2] }, "after /set");
      await visitor.post("/delete?key=a");
      equal((await read(visitor)).data, { b: [2] }, "after /delete");
      await visitor.post("/clear");
      const cleared = await read(visitor);
      equal([cleared.data, cleared.isNew], [{}, false], "after /clear");
    },
  ],
  [
    "a change inside a value is saved without being announced",
    async ({ newVisitor }) => {
      const visitor = newVisitor();
      for (const value of ["x", "y", "z"]) await visitor.post(`/push?key=list&value=${value}`);
      equal((await read(visitor)).data, { list: ["x", "y", "z"] }, "the list");
    },
  ],
  [
    "modify counts from request to request",
    async ({ newVisitor }) => {
      const visitor = newVisitor();
      for (const count of [1, 2, 3]) equal(await visitor.read("/count"), { count }, "the count");
    },
  ],
  [
    "invariant 16, any JSON value round-trips: key order, NUL, lone surrogates, __proto__, empty keys",
    async ({ newVisitor }) => {
      for (const text of NASTY) {
        const visitor = newVisitor();
        await visitor.post("/set", JSON.parse(text));
        const answer = await (await visitor.get("/read")).text();
        const wanted = `"data":${JSON.stringify(JSON.parse(text))},`;
        ok(answer.includes(wanted), `expected ${wanted} in ${answer}`);
      }
      ok(!("admin" in {}), "a prototype was polluted");
    },
  ],
  [
    "a flash value is there for the first request that reads it, and then gone",
    async ({ newVisitor }) => {
      const visitor = newVisitor();
      await visitor.post("/flash?key=note&value=saved");
      await visitor.get("/healthz");
      equal((await read(visitor)).data, { note: "saved" }, "the first reading");
      equal((await read(visitor)).data, {}, "the second reading");
    },
  ],
  [
    "a session that held nothing but a flash value ends when that has been read",
    async ({ newVisitor, tokenOf }) => {
      const visitor = newVisitor();
      await visitor.post("/login?user=ada");
      await visitor.post("/logout");
      await visitor.post("/flash?key=note&value=goodbye");
      ok(tokenOf(visitor) !== undefined, "the flash value has no session");
      await read(visitor);
      equal(tokenOf(visitor), undefined, "the token that is left");
    },
  ],
  [
    "invariant 3, saved when and only when something changed: reading writes no token",
    async ({ newVisitor, carriesToken }) => {
      const visitor = newVisitor();
      ok(carriesToken(await visitor.post("/set", { a: 1 })), "the first change issues a token");
      ok(!carriesToken(await visitor.get("/read")), "reading wrote a token");
      ok(!carriesToken(await visitor.get("/healthz")), "doing nothing wrote a token");
      ok(!carriesToken(await visitor.post("/delete?key=none")), "deleting nothing wrote a token");
    },
  ],
];
