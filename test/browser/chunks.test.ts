import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import express from "express";
import { sessions } from "keepsake/adapters/express";
import { cookies, useBrowser } from "./shop-kit.ts";

const NAME = "__Host-session";

describe("a session in chunks, in a browser", { timeout: 600_000 }, () => {
  const visit = useBrowser();
  const app = express();
  app.use(sessions(randomBytes(32).toString("base64url"), { cookie: { chunks: 3 } }));
  app.get("/favicon.ico", (_, response) => void response.sendStatus(204));
  app.get("/", ({ session }, response) => {
    response.send(`${session.get("notice", "").length}`);
  });
  app.get("/keep/:length", ({ session, params }, response) => {
    session.set("notice", "x".repeat(Number(params.length)));
    response.redirect("/");
  });
  app.get("/logout", ({ session }, response) => {
    session.logout();
    response.redirect("/");
  });
  const server = app.listen(0, "127.0.0.1");
  before(async () => {
    if (!server.listening) await once(server, "listening");
  });
  after(() => server.close());

  test("it survives, grows, shrinks, and is gone at logout", () =>
    visit(`http://localhost:${(server.address() as AddressInfo).port}`, async (page) => {
      for (const [length, names] of [
        [5829, [NAME, `${NAME}.1`, `${NAME}.2`]],
        [100, [NAME]],
        [3500, [NAME, `${NAME}.1`, `${NAME}.2`]],
      ] as const) {
        await page.goto(`/keep/${length}`);
        assert.equal(await page.textContent("body"), String(length));
        await page.reload();
        assert.equal(await page.textContent("body"), String(length));
        const kept = await cookies(page);
        assert.deepEqual(kept.map(({ name }) => name).sort(), names);
        assert.ok(
          kept.every(({ httpOnly, secure, sameSite }) => httpOnly && secure && sameSite === "Lax"),
        );
      }
      await page.goto("/logout");
      assert.equal(await page.textContent("body"), "0");
      assert.deepEqual(await cookies(page), []);
    }));
});
