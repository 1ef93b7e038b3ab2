import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Redis } from "iovalkey";
import pg from "pg";
import { serviceUrl } from "../../scripts/services/index.ts";
import {
  add,
  field,
  follow,
  itemsInCart,
  logIn,
  notice,
  openShop,
  overflow,
  pictureFile,
  type Shop,
  sessionCookies,
  useBrowser,
} from "./shop-kit.ts";

const COOKIE_NAME = "__Host-session";

interface Prepared {
  readonly env: Readonly<Record<string, string>>;
  clean(handle: string): Promise<void>;
}

/** What each needs for a visitor of this name, and how to remove what the shop kept of one. */
const otherStores: Readonly<Record<string, (name: string) => Promise<Prepared>>> = {
  memory: async () => ({ env: {}, clean: async () => undefined }),
  postgres: async (name) => {
    const url = new URL(await serviceUrl("postgres"));
    const pool = new pg.Pool({ connectionString: url.href });
    await pool.query(`CREATE SCHEMA ${name}`);
    url.searchParams.set("options", `-c search_path=${name}`);
    return {
      env: { DATABASE_URL: url.href },
      clean: async () => {
        await pool.query(`DROP SCHEMA ${name} CASCADE`);
        await pool.end();
      },
    };
  },
  valkey: async (name) => {
    const VALKEY_URL = await serviceUrl("valkey");
    return {
      env: { VALKEY_URL },
      clean: async (handle) => {
        const client = new Redis(VALKEY_URL);
        await client.unlink(`shop:${handle}`, `shop:subject:${name}`);
        client.disconnect();
      },
    };
  },
};

describe("the example shop, in a browser without scripts", { timeout: 600_000 }, () => {
  const visit = useBrowser();
  let shop: Shop;
  before(async () => {
    shop = await openShop();
  });
  after(() => shop?.close());

  test("a visitor shops, logs in and leaves no trace", () =>
    visit(shop.url, async (page) => {
      assert.deepEqual(await sessionCookies(page), []);
      assert.equal(await field(page, "handle"), "none yet");
      await page.reload();
      assert.deepEqual(await sessionCookies(page), [], "reading makes no session");

      await add(page, "Brass compass");
      assert.equal(await notice(page), "Added a brass compass to your cart.");
      await page.reload();
      assert.equal(await notice(page), undefined, "said once");
      await add(page, "Sealing wax");
      await add(page, "Sealing wax");
      assert.equal(await itemsInCart(page), "3 items");
      const handle = await field(page, "handle");
      assert.match(handle, /^[\w-]{22}$/);
      const [anonymous] = await sessionCookies(page);

      await follow(page, page.getByRole("link", { name: "Cart" }));
      await page.getByLabel("Quantity of Sealing wax").fill("4");
      await follow(page, page.getByRole("button", { name: "Update", description: "Sealing wax" }));
      assert.equal(await itemsInCart(page), "5 items");
      await follow(
        page,
        page.getByRole("button", { name: "Remove", description: "Brass compass" }),
      );
      assert.equal(await notice(page), "Took a brass compass out of your cart.");
      assert.equal(await itemsInCart(page), "4 items");

      await logIn(page, "Ada <3");
      assert.equal(await field(page, "subject"), "Ada <3");
      assert.equal(await itemsInCart(page), "4 items", "the cart is kept");
      assert.equal(await field(page, "handle"), handle, "the name of the session stays");

      const [cookie, ...others] = await sessionCookies(page);
      assert.notEqual(cookie?.value, anonymous?.value, "the token does not");
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

      await follow(page, page.getByRole("button", { name: "Log out" }));
      assert.match((await notice(page)) ?? "", /logged out.*copy.*opens nothing/);
      assert.equal(await itemsInCart(page), "0 items");
      assert.equal(await field(page, "handle"), "none yet");
      assert.deepEqual(await sessionCookies(page), [], "the cookie is gone");
    }));

  test("nothing overflows on a phone", () =>
    visit(
      shop.url,
      async (page) => {
        assert.equal(await overflow(page), 0);
        await follow(page, page.getByRole("link", { name: "Log in" }));
        assert.equal(await overflow(page), 0);
        await page.getByLabel("Your name").fill("W".repeat(40));
        await follow(page, page.getByRole("button", { name: "Log in" }));
        await add(page, "Music box");
        assert.equal(await overflow(page), 0);
        await page.screenshot({ path: pictureFile("shop-phone"), fullPage: true });
        await follow(page, page.getByRole("link", { name: "Cart" }));
        assert.equal(await itemsInCart(page), "1 item");
        assert.equal(await overflow(page), 0);
        await page.screenshot({ path: pictureFile("cart-phone"), fullPage: true });
        await follow(page, page.getByRole("link", { name: "Your devices" }));
        assert.equal(await overflow(page), 0);
      },
      { viewport: { width: 320, height: 640 }, colorScheme: "dark" },
    ));

  test("carts and logins outlive the shop, in a file that is nobody else's", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "keepsake-shop-"));
    t.after(() => rm(folder, { recursive: true }));
    const SHOP_DB = join(folder, "lasting.sqlite");
    const first = await openShop({ SHOP_DB });
    assert.equal((await stat(SHOP_DB)).mode & 0o777, 0o600);
    await visit(first.url, async (page) => {
      await add(page, "Old key");
      await logIn(page, "Ada");
      // What the page still loads would find nobody there.
      await page.goto("about:blank");
      await first.close();
      const second = await openShop({ SHOP_DB });
      t.after(second.close);
      // A cookie belongs to a host, whatever its port.
      await page.goto(second.url);
      assert.equal(await field(page, "subject"), "Ada");
      assert.equal(await itemsInCart(page), "1 item");
    });
  });

  for (const [STORE, prepare] of Object.entries(otherStores)) {
    test(`STORE=${STORE} keeps sessions as well`, async (t) => {
      const name = `visitor_${randomBytes(6).toString("hex")}`;
      let handle = "";
      const { env, clean } = await prepare(name);
      t.after(() => clean(handle));
      const other = await openShop({ STORE, ...env });
      t.after(other.close);
      await visit(other.url, async (page) => {
        await logIn(page, name);
        handle = await field(page, "handle");
        await add(page, "Pressed fern");
        assert.equal(await itemsInCart(page), "1 item");
        await follow(page, page.getByRole("link", { name: "Your devices" }));
        assert.match((await page.locator(".devices").textContent()) ?? "", /This device/);
      });
    });
  }
});
