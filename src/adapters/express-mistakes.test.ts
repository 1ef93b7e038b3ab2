import assert from "node:assert/strict";
import { test } from "node:test";
import type { Response } from "express";
import { get, late, listen, newApp, quick, slow } from "./express-kit.test.ts";

const mistakes: Record<string, (res: Response) => unknown> = {
  "a status message that is none": (res) => {
    res.statusMessage = "bad\r\nX: 1";
    res.end("x");
  },
  "a number as the body": (res) => Reflect.apply(res.end, res, [123]),
  "nothing as a chunk": (res) => Reflect.apply(res.write, res, [null]),
  "an object as a chunk": (res) => Reflect.apply(res.write, res, [{}]),
  "a status that is none": (res) => res.writeHead(20),
};

for (const [which, store] of Object.entries({ "at once": quick, later: slow })) {
  for (const [mistake, act] of Object.entries(mistakes)) {
    test(`${mistake}, with a save that is done ${which}, is an error like any other`, async (t) => {
      const app = newApp(store());
      app.get("/", (req, res) => {
        req.session.set("a", 1);
        act(res);
      });
      app.get("/alive", (_req, res) => void res.send("yes"));
      app.use(late);
      const url = await listen(t, app);
      assert.equal((await get(url)).status, 500);
      assert.equal(await (await get(`${url}/alive`)).text(), "yes");
    });
  }
}
