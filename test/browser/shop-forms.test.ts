import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, type TestContext, test } from "node:test";
import type { Page } from "playwright-core";
import {
  add,
  cookies,
  FORM_COOKIE,
  field,
  follow,
  formTokens,
  itemsInCart,
  logIn,
  openShop,
  type Shop,
  useBrowser,
} from "./shop-kit.ts";

describe("the forms of the example shop, in a browser without scripts", {
  timeout: 600_000,
}, () => {
  const visit = useBrowser();
  let shop: Shop;
  before(async () => {
    shop = await openShop();
  });
  after(() => shop?.close());

  test("each has a token of its own, bound to a cookie for strangers and to the session for others", () =>
    visit(shop.url, async (page) => {
      const tokens = await formTokens(page);
      assert.ok(tokens.length >= 6);
      assert.equal(new Set(tokens).size, tokens.length, "no two are alike");
      assert.ok(tokens.every((token) => /^[\w-]{64}$/.test(token)));
      const [cookie, ...others] = await cookies(page);
      assert.deepEqual(others, []);
      const { name, value, httpOnly, secure, sameSite, expires } = cookie ?? {};
      assert.deepEqual([name, httpOnly, secure, sameSite], [FORM_COOKIE, true, true, "Lax"]);
      assert.match(await field(page, "forms"), /^bound to __Host-aftoken/);
      await page.reload();
      assert.equal((await cookies(page))[0]?.value, value, "a page shown earlier stays good");
      assert.ok(((await cookies(page))[0]?.expires ?? 0) >= (expires ?? Infinity));

      await page.goto("/cart");
      assert.deepEqual(await formTokens(page), [], "nothing to send");
      await logIn(page, "Ada");
      assert.equal(await field(page, "forms"), "bound to your session");
      assert.ok((await cookies(page)).every(({ name }) => name !== FORM_COOKIE));
      await add(page, "Old key");
      for (const path of ["/", "/cart", "/devices"]) {
        await page.goto(path);
        const shown = await formTokens(page);
        assert.ok(shown.length > 0 && shown.every((token) => token.length === 64), path);
      }
    }));

  test("one without its token works all the same, because the browser says whose page it is on", () =>
    visit(shop.url, async (page) => {
      await page.evaluate(() => {
        for (const input of document.querySelectorAll("input[name^=__Request]")) input.remove();
      });
      assert.deepEqual(new Set(await formTokens(page)), new Set([""]));
      await add(page, "Brass compass");
      assert.equal(await itemsInCart(page), "1 item");
    }));

  test("one stays good after a login in another tab", () =>
    visit(shop.url, async (page) => {
      await add(page, "Sealing wax");
      const [old = ""] = await formTokens(page);
      const tab = await page.context().newPage();
      await tab.goto("/");
      await logIn(tab, "Ada");

      await add(page, "Sealing wax");
      assert.equal(await field(page, "subject"), "Ada");
      assert.equal(await itemsInCart(page), "2 items");
      assert.equal(await postWith(page, old), 403, "its token alone is not");
      const [fresh = ""] = await formTokens(page);
      assert.equal(await postWith(page, fresh), 303, "that of a newer page is");
    }));

  test("what a browser does not send is refused, and the page says that nothing was done", () =>
    visit(shop.url, async (page) => {
      await add(page, "Music box");
      const answer = await page.request.post("/cart", { form: { product: "music-box" } });
      assert.equal(answer.status(), 403);
      assert.match(await answer.text(), /<h1>We did not do that<\/h1>/);
      assert.match(answer.headers()["content-type"] ?? "", /^text\/html/);
      await page.reload();
      assert.equal(await itemsInCart(page), "1 item");
    }));

  for (const [what, host] of [
    ["another site", "127.0.0.1"],
    ["a neighbour on the same site, to whom SameSite says nothing", "localhost"],
  ] as const) {
    test(`a form on a page of ${what} does nothing`, (t) =>
      visit(shop.url, async (page) => {
        await logIn(page, "Ada");
        await page.goto(await servePage(t, host, `${shop.url}/logout`));
        await follow(page, page.getByRole("button"));
        assert.equal(await page.title(), "Sorry · Keepsake & Co.");
        await page.goto("/");
        assert.equal(await field(page, "subject"), "Ada");
      }));
  }

  test("nobody is logged in by a form on a page of another site", (t) =>
    visit(shop.url, async (page) => {
      await page.goto(await servePage(t, "127.0.0.1", `${shop.url}/login`));
      await follow(page, page.getByRole("button"));
      assert.equal(await page.title(), "Sorry · Keepsake & Co.");
      await page.goto("/");
      assert.equal(await field(page, "subject"), "nobody");
    }));

  test("the page's own policy says that nobody may frame them, once", () =>
    visit(shop.url, async (page) => {
      const policy = (await page.request.get("/")).headers()["content-security-policy"] ?? "";
      assert.match(policy, /^default-src 'none'; /);
      assert.deepEqual(policy.match(/frame-ancestors [^;]*/g), ["frame-ancestors 'none'"]);
    }));
});

/** Puts something into the cart as a client that is no browser, with the page's cookies and a token. */
async function postWith(page: Page, token: string): Promise<number> {
  const form = { product: "wax", __RequestVerificationToken: token };
  return (await page.request.post("/cart", { form, maxRedirects: 0 })).status();
}

/** Serves a page of somebody else's, with a form for an address of the shop. */
async function servePage(t: TestContext, host: string, action: string): Promise<string> {
  const server = createServer((_, response) => {
    response.setHeader("content-type", "text/html");
    response.end(
      `<!doctype html><link rel="icon" href="data:,"><form method="post" action="${action}">` +
        '<input type="hidden" name="name" value="Mallory"><button>Win a prize</button></form>',
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://${host}:${(server.address() as AddressInfo).port}/`;
}
