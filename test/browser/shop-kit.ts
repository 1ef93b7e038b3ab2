import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import {
  type Browser,
  type BrowserContextOptions,
  type Cookie,
  chromium,
  type Locator,
  type Page,
} from "playwright-core";
import { createShop } from "../../examples/shop/app.ts";
import { openSessions } from "../../examples/shop/sessions.ts";

// Shared by the tests of the example shop; it has none of its own.

export const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export type Visit = (
  url: string,
  act: (page: Page) => Promise<void>,
  options?: BrowserContextOptions,
) => Promise<void>;

/** Starts a browser for the tests of a file. Each visit is that of another one, without scripts. */
export function useBrowser(): Visit {
  let browser: Browser;
  before(async () => {
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: FLAGS,
    });
  });
  after(() => browser?.close());

  return async (url, act, options = {}) => {
    const context = await browser.newContext({
      baseURL: url,
      javaScriptEnabled: false,
      ...options,
    });
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(60_000);
      const complaints: string[] = [];
      page.on("console", (message) => {
        // What a test does on purpose: a forged request, and to change a session that has ended.
        if (!/status of (?:403|409)/.test(message.text())) complaints.push(message.text());
      });
      await page.goto("/");
      await act(page);
      assert.deepEqual(complaints, [], "the content security policy lets everything through");
    } finally {
      await context.close();
    }
  };
}

export interface Shop {
  readonly url: string;
  close(): Promise<void>;
}

/** Opens the shop as `npm start` does with these variables. Without any, its file is a temporary one. */
export async function openShop(
  variables: Readonly<Record<string, string | undefined>> = {},
): Promise<Shop> {
  const folder = await mkdtemp(join(tmpdir(), "keepsake-shop-"));
  const SHOP_DB = join(folder, "new", "sessions.sqlite");
  const sessions = await openSessions({ SHOP_DB, ...variables });
  const server = createShop(sessions).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await sessions.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** The cookie of a visitor without a session, which forms are bound to. */
export const FORM_COOKIE = "__Host-aftoken";

export function cookies(page: Page): Promise<Cookie[]> {
  return page.context().cookies();
}

/** All but that of the forms. */
export async function sessionCookies(page: Page): Promise<Cookie[]> {
  return (await cookies(page)).filter(({ name }) => name !== FORM_COOKIE);
}

/** The tokens of the page's forms, one each. It is empty where a form has none. */
export async function formTokens(page: Page): Promise<string[]> {
  const tokens: string[] = [];
  for (const form of await page.locator("form").all()) {
    const [input] = await form.locator("input[name=__RequestVerificationToken]").all();
    tokens.push((await input?.getAttribute("value")) ?? "");
  }
  return tokens;
}

/** Clicks what leads to another page, and waits for the whole of its text: a click alone waits for its beginning. */
export async function follow(page: Page, what: Locator): Promise<void> {
  await page.waitForLoadState("domcontentloaded");
  await Promise.all([page.waitForEvent("domcontentloaded"), what.click()]);
}

export async function logIn(page: Page, name: string): Promise<void> {
  await follow(page, page.getByRole("link", { name: "Log in" }));
  await page.getByLabel("Your name").fill(name);
  await follow(page, page.getByRole("button", { name: "Log in" }));
  assert.equal(await notice(page), `Welcome, ${name}.`);
}

export function add(page: Page, name: string): Promise<void> {
  return follow(page, page.getByRole("button", { name: "Add to cart", description: name }));
}

export async function notice(page: Page): Promise<string | undefined> {
  const [text] = await page.getByRole("status").allTextContents();
  return text;
}

export async function field(page: Page, id: string): Promise<string> {
  return (await page.locator(`#${id}`).textContent()) ?? "";
}

export async function itemsInCart(page: Page): Promise<string> {
  return (await page.locator(".count").textContent()) ?? "";
}

/** By how many pixels the page is wider than the window. */
export async function overflow(page: Page): Promise<number> {
  // Its stylesheet may come later than its text.
  await page.waitForLoadState("load");
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
}

export function pictureFile(name: string): string {
  return fileURLToPath(new URL(`../../.tmp/${name}.png`, import.meta.url));
}
