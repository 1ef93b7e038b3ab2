import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { BrowserContextOptions, Page } from "playwright-core";
import {
  add,
  field,
  follow,
  formTokens,
  itemsInCart,
  logIn,
  notice,
  openShop,
  overflow,
  pictureFile,
  type Shop,
  useBrowser,
} from "./shop-kit.ts";

const IPHONE: BrowserContextOptions = {
  userAgent:
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1",
};

describe("the devices of a user of the example shop", { timeout: 600_000 }, () => {
  const visit = useBrowser();
  let shop: Shop;
  before(async () => {
    shop = await openShop();
  });
  after(() => shop?.close());

  /** Two browsers at once. */
  const visitBoth = (
    act: (one: Page, two: Page) => Promise<void>,
    options?: BrowserContextOptions,
  ) => visit(shop.url, (one) => visit(shop.url, (two) => act(one, two), options));

  test("they are listed, each by what it says of itself", () =>
    visitBoth(async (desk, phone) => {
      await desk.goto("/devices");
      assert.equal(new URL(desk.url()).pathname, "/login", "a stranger has none");
      for (const page of [phone, desk]) await logIn(page, "Grace");
      await add(phone, "Music box");
      assert.equal(await itemsInCart(desk), "0 items", "each has a session of its own");

      await follow(desk, desk.getByRole("link", { name: "Your devices" }));
      assert.deepEqual(await devices(desk), ["Chrome on Linux: this one", "Safari on iPhone"]);
      assert.match(
        await textOf(desk, ".devices"),
        /Logged in.* UTC.*Last used.*now.*Logged in.* UTC.*Last used.* UTC/s,
      );
      for (const [width, picture] of [
        [1200, "devices"],
        [360, "devices-phone"],
      ] as const) {
        await desk.setViewportSize({ width, height: 800 });
        assert.equal(await overflow(desk), 0);
        await desk.screenshot({ path: pictureFile(picture), fullPage: true });
      }
    }, IPHONE));

  test("one is signed out by another, and may log in again", () =>
    visitBoth(async (desk, phone) => {
      for (const page of [phone, desk]) await logIn(page, "Barbara");
      await desk.goto("/devices");
      await follow(
        desk,
        desk.getByRole("button", { name: "Sign out", description: "Safari on iPhone" }),
      );
      assert.equal(await notice(desk), "Signed out on that device.");
      assert.deepEqual(await devices(desk), ["Chrome on Linux: this one"]);

      await phone.reload();
      assert.equal(await field(phone, "subject"), "nobody");
      assert.match(await textOf(phone, "aside"), /opens no session here.*on another of your/);
      await add(phone, "Old key");
      assert.match(await textOf(phone, "main"), /You have been signed out/);
      await phone.goto("/");
      await logIn(phone, "Barbara");
      await add(phone, "Old key");
      assert.equal(await itemsInCart(phone), "1 item");
      assert.equal(await field(desk, "subject"), "Barbara");
    }, IPHONE));

  test("all others are signed out at once", () =>
    visit(shop.url, (one) =>
      visitBoth(async (two, three) => {
        for (const page of [one, two, three]) await logIn(page, "Edsger");
        await three.goto("/devices");
        await follow(three, three.getByRole("button", { name: "Sign out everywhere else" }));
        assert.equal(await notice(three), "Signed out on 2 other devices.");
        assert.deepEqual(await devices(three), ["Chrome on Linux: this one"]);
        assert.match(await textOf(three, "main"), /logged in nowhere else/);
        for (const page of [one, two]) {
          await page.reload();
          assert.equal(await field(page, "subject"), "nobody");
        }
      }),
    ));

  test("those of somebody else are nobody's to sign out", () =>
    visitBoth(async (victim, thief) => {
      await logIn(victim, "Ada");
      await logIn(thief, "Eve");
      const path = `/devices/${await field(victim, "handle")}/revoke`;
      const [__RequestVerificationToken = ""] = await formTokens(thief);
      const form = { __RequestVerificationToken };
      const answer = await thief.request.post(path, { form, maxRedirects: 0 });
      assert.equal(answer.status(), 303);
      await thief.goto("/devices");
      assert.equal(await notice(thief), "It was signed out already.");
      await victim.reload();
      assert.equal(await field(victim, "subject"), "Ada");
    }));

  test("sealed cookies cannot be listed, and the shop says so", async (t) => {
    const APP_SECRET_1 = randomBytes(32).toString("base64url");
    const sealed = await openShop({ STORE: "cookie", APP_SECRET_1 });
    t.after(sealed.close);
    await visit(sealed.url, async (page) => {
      await logIn(page, "Ada");
      await follow(page, page.getByRole("link", { name: "Your devices" }));
      assert.match(await textOf(page, "main"), /the server has no list of them/);
      assert.equal(await page.getByRole("button", { name: "Sign out" }).count(), 0);
      await follow(page, page.getByRole("button", { name: "Log out" }));
      assert.match((await notice(page)) ?? "", /logged out.*copy.*works until it times out/);
    });
  });
});

async function textOf(page: Page, selector: string): Promise<string> {
  return (await page.locator(selector).textContent()) ?? "";
}

/** What the list says, in its order. */
async function devices(page: Page): Promise<string[]> {
  const items = await page.locator(".devices li").all();
  return Promise.all(
    items.map(async (item) => {
      const isThis = (await item.getByText("This device").count()) > 0;
      return `${await item.getByRole("heading").textContent()}${isThis ? ": this one" : ""}`;
    }),
  );
}
