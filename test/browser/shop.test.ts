import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  type Browser,
  type BrowserContextOptions,
  type Cookie,
  chromium,
  type Page,
} from "playwright-core";
import { createShop } from "../../examples/shop/app.ts";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

describe("the example shop, in a browser without scripts", { timeout: 60_000 }, () => {
  let server: Server;
  let browser: Browser;
  let baseURL: string;

  before(async () => {
    const APP_SECRET_1 = randomBytes(32).toString("base64url");
    server = createShop({ APP_SECRET_1 }).listen(0, "127.0.0.1");
    await once(server, "listening");
    baseURL = `http://localhost:${(server.address() as AddressInfo).port}`;
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: FLAGS,
    });
  });

  after(async () => {
    await browser?.close();
    server?.close();
    server?.closeAllConnections();
  });

  async function visit(
    act: (page: Page) => Promise<void>,
    options: BrowserContextOptions = {},
  ): Promise<void> {
    const context = await browser.newContext({ baseURL, javaScriptEnabled: false, ...options });
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(10_000);
      const complaints: string[] = [];
      page.on("console", (message) => complaints.push(message.text()));
      await page.goto("/");
      await act(page);
      assert.deepEqual(complaints, [], "the content security policy lets everything through");
    } finally {
      await context.close();
    }
  }

  test("a visitor shops, logs in and leaves no trace", () =>
    visit(async (page) => {
      assert.deepEqual(await cookies(page), []);
      assert.equal(await field(page, "handle"), "none yet");
      await page.reload();
      assert.deepEqual(await cookies(page), [], "reading sets no cookie");

      await add(page, "Brass compass");
      assert.equal(await notice(page), "Added a brass compass to your cart.");
      await page.reload();
      assert.equal(await notice(page), undefined, "said once");
      await add(page, "Sealing wax");
      await add(page, "Sealing wax");
      assert.equal(await itemsInCart(page), "3 items");
      const anonymous = await field(page, "handle");
      assert.match(anonymous, /^[\w-]{22}$/);

      await page.getByRole("link", { name: "Cart" }).click();
      await page.getByLabel("Quantity of Sealing wax").fill("4");
      await page.getByRole("button", { name: "Update", description: "Sealing wax" }).click();
      assert.equal(await itemsInCart(page), "5 items");
      await page.getByRole("button", { name: "Remove", description: "Brass compass" }).click();
      assert.equal(await notice(page), "Took a brass compass out of your cart.");
      assert.equal(await itemsInCart(page), "4 items");

      await page.getByRole("link", { name: "Log in" }).click();
      await page.getByLabel("Your name").fill("Ada <3");
      await page.getByRole("button", { name: "Log in" }).click();
      assert.equal(await notice(page), "Welcome, Ada <3.");
      assert.equal(await field(page, "subject"), "Ada <3");
      assert.equal(await itemsInCart(page), "4 items", "the cart is kept");
      const handle = await field(page, "handle");
      assert.notEqual(handle, anonymous);

      const [cookie, ...others] = await cookies(page);
      assert.deepEqual(others, []);
      assert.deepEqual(
        { ...cookie, value: "" },
        {
          name: COOKIE_NAME,
          value: "",
          domain: "localhost",
          path: "/",
          expires: -1,
          httpOnly: true,
          secure: true,
          sameSite: "Lax",
        },
      );

      await page.reload();
      assert.equal(await field(page, "handle"), handle);
      const sent = COOKIE_NAME.length + (cookie?.value.length ?? 0);
      assert.equal(await field(page, "size"), `${sent} of 4,096 bytes`);
      await page.screenshot({ path: pictureFile("shop"), fullPage: true });

      await page.getByRole("button", { name: "Log out" }).click();
      assert.match((await notice(page)) ?? "", /logged out.*copy.*works until it times out/);
      assert.equal(await itemsInCart(page), "0 items");
      assert.equal(await field(page, "handle"), "none yet");
      assert.deepEqual(await cookies(page), [], "the cookie is gone");
    }));

  test("nothing overflows on a phone", () =>
    visit(
      async (page) => {
        assert.equal(await overflow(page), 0);
        await page.getByRole("link", { name: "Log in" }).click();
        assert.equal(await overflow(page), 0);
        await page.getByLabel("Your name").fill("W".repeat(40));
        await page.getByRole("button", { name: "Log in" }).click();
        await add(page, "Music box");
        assert.equal(await overflow(page), 0);
        await page.screenshot({ path: pictureFile("shop-phone"), fullPage: true });
        await page.getByRole("link", { name: "Cart" }).click();
        assert.equal(await itemsInCart(page), "1 item");
        assert.equal(await overflow(page), 0);
        await page.screenshot({ path: pictureFile("cart-phone"), fullPage: true });
      },
      { viewport: { width: 320, height: 640 }, colorScheme: "dark" },
    ));
});

const COOKIE_NAME = "__Host-session";

function cookies(page: Page): Promise<Cookie[]> {
  return page.context().cookies();
}

function add(page: Page, name: string): Promise<void> {
  return page.getByRole("button", { name: "Add to cart", description: name }).click();
}

async function notice(page: Page): Promise<string | undefined> {
  const [text] = await page.getByRole("status").allTextContents();
  return text;
}

async function field(page: Page, id: string): Promise<string> {
  return (await page.locator(`#${id}`).textContent()) ?? "";
}

async function itemsInCart(page: Page): Promise<string> {
  return (await page.locator(".count").textContent()) ?? "";
}

/** By how many pixels the page is wider than the window. */
async function overflow(page: Page): Promise<number> {
  // A click waits for the page to be there, but not for its stylesheet.
  await page.waitForLoadState("load");
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
}

function pictureFile(name: string): string {
  return fileURLToPath(new URL(`../../.tmp/${name}.png`, import.meta.url));
}
