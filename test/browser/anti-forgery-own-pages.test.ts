import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Cookie, Page } from "playwright-core";
import { FRAMEWORKS, SPEND, TRANSFER } from "./anti-forgery-apps.ts";
import { sentForm } from "./anti-forgery-attacks.ts";
import {
  APP,
  logIn,
  type OpenBank,
  openAttacker,
  openBank,
  type Place,
  scriptToken,
  showing,
  useBrowser,
  user,
} from "./anti-forgery-kit.ts";

const OTHERS = ["evil.example", `www.${APP}`, APP];
const PARTNER = "partner.example";

const visit = useBrowser();

for (const [name, framework] of Object.entries(FRAMEWORKS)) {
  for (const scheme of ["https", "http"] as const) {
    const isEncrypted = scheme === "https";

    describe(`${name} over ${scheme}, used`, { timeout: 600_000 }, () => {
      let open: OpenBank;
      let other: Place;
      let cookies: readonly Cookie[];
      before(async () => {
        other = await openAttacker(isEncrypted);
        const trustedOrigins = [other.origin(PARTNER)];
        open = await openBank(framework, { isEncrypted, rules: { trustedOrigins } });
        cookies = await cookiesOfUser(open);
      });
      after(() => {
        open?.close();
        other?.close();
      });
      const visitAsUser = (path: string, act: (page: Page) => Promise<void>) =>
        visit(async (page) => {
          await page.goto(open.url + path);
          await act(page);
        }, cookies);

      test("its form, with scripts and without", () =>
        visitAsUser("/", async (page) => {
          assert.equal(await pressButton(open, page), 200);
          await page.goto(open.url);
          const devtools = await page.context().newCDPSession(page);
          await devtools.send("Emulation.setScriptExecutionDisabled", { value: true });
          await page.goto(open.url);
          assert.equal(await pressButton(open, page), 200);
        }));

      test("its fetch, with a token and without", () =>
        visitAsUser("/", async (page) => {
          assert.equal(await fetchFrom(open, page), 200);
          assert.equal(await fetchFrom(open, page, await scriptToken(page)), 200);
        }));

      test("its form on a page that sends no referrer", () =>
        visitAsUser("/private", async (page) => {
          const arrival = await open.arrival(page, () => page.getByRole("button").click());
          assert.equal(arrival.origin, "null");
          assert.equal(arrival.hasSession, true);
          assert.equal(arrival.fetchSite, isEncrypted ? "same-origin" : undefined);
          assert.equal(arrival.reason, isEncrypted ? undefined : "origin");
        }));

      test("its form, after a login in another tab", () =>
        visit(async (page) => {
          await logIn(page, open.url);
          await logIn(await page.context().newPage(), open.url, "grace");
          assert.equal(await pressButton(open, page), 200);
          await page.goto(open.url);
          assert.equal(await user(page), "grace");
        }));

      test("its link to a GET with effects, which http gives no proof for", () =>
        visitAsUser("/links", async (page) => {
          const { reason } = await open.arrival(page, () => page.getByRole("link").click());
          assert.equal(reason, isEncrypted ? undefined : "no-proof");
        }));

      test("an address of a GET with effects that is typed in proves nothing", () =>
        visitAsUser("/", async (page) => {
          const { reason, fetchSite } = await open.arrival(page, () => page.goto(open.url + SPEND));
          assert.equal(fetchSite, isEncrypted ? "none" : undefined);
          assert.equal(reason, "no-proof");
        }));

      test("a form of an origin that is trusted", () =>
        visitAsUser("/", async (page) => {
          const form = sentForm(open.url + TRANSFER);
          const arrival = await open.arrival(page, () =>
            page.goto(showing(other.origin(PARTNER), form), { waitUntil: "commit" }),
          );
          assert.equal(arrival.origin, other.origin(PARTNER));
          assert.equal(arrival.reason, undefined);
        }));

      test("its page in a frame of its own, and in no other", () =>
        visitAsUser("/", async (page) => {
          assert.equal(await isShownInFrame(page, open.url), true);
          for (const host of OTHERS) {
            await page.goto(showing(other.origin(host), ""));
            assert.equal(await isShownInFrame(page, open.url), false, host);
          }
        }));

      // Browsers have service workers, and prefixes of names, over https alone.
      if (!isEncrypted) return;

      test("its service worker", () =>
        visitAsUser("/", async (page) => {
          await page.evaluate(async () => {
            const isInCharge = new Promise((resolve) => {
              navigator.serviceWorker.addEventListener("controllerchange", resolve);
            });
            await navigator.serviceWorker.register("/worker.js");
            await isInCharge;
          });
          const arrival = await open.arrival(page, () => page.evaluate(post, { path: TRANSFER }));
          assert.equal(arrival.isWorkers, true);
          assert.equal(arrival.fetchSite, "same-origin");
          assert.equal(arrival.status, 200);
        }));
    });

    describe(`${name} over ${scheme}, used with a token always`, { timeout: 600_000 }, () => {
      let open: OpenBank;
      let other: Place;
      let cookies: readonly Cookie[];
      before(async () => {
        other = await openAttacker(isEncrypted);
        open = await openBank(framework, { isEncrypted, rules: { mode: "token-always" } });
        cookies = await cookiesOfUser(open);
      });
      after(() => {
        open?.close();
        other?.close();
      });
      const visitAsUser = (act: (page: Page) => Promise<void>) =>
        visit(async (page) => {
          await page.goto(open.url);
          await act(page);
        }, cookies);

      test("its form, which is of no use after a login in another tab until it is shown again", () =>
        visit(async (page) => {
          await logIn(page, open.url);
          await logIn(await page.context().newPage(), open.url, "grace");
          assert.equal(await pressButton(open, page), "bad-token");
          await page.goto(open.url);
          assert.equal(await pressButton(open, page), 200);
        }));

      test("its fetch, with a token and not without", () =>
        visitAsUser(async (page) => {
          assert.equal(await fetchFrom(open, page), "no-proof");
          assert.equal(await fetchFrom(open, page, "junk"), "bad-token");
          assert.equal(await fetchFrom(open, page, await scriptToken(page)), 200);
        }));

      test("a token opens nothing for a page of another origin", () =>
        visitAsUser(async (page) => {
          const token = await scriptToken(page);
          const field = `<input name="__RequestVerificationToken" value="${token}">`;
          const form = sentForm(open.url + TRANSFER, "", field);
          for (const host of OTHERS) {
            const theirs = await page.context().newPage();
            const { reason } = await open.arrival(theirs, () =>
              theirs.goto(showing(other.origin(host), form), { waitUntil: "commit" }),
            );
            assert.equal(reason, isEncrypted ? "cross-origin" : "origin");
          }
        }));

      if (!isEncrypted) return;

      test("the cookie of a stranger's forms is not one that a sibling can plant", () =>
        visit(async (page) => {
          await page.goto(showing(other.origin(`www.${APP}`), ""));
          await page.evaluate((domain) => {
            // biome-ignore lint/suspicious/noDocumentCookie: as an attacker would
            document.cookie = `__Host-aftoken=${"A".repeat(43)}; Domain=${domain}; Path=/; Secure`;
            // biome-ignore lint/suspicious/noDocumentCookie: to see that a cookie can be set so
            document.cookie = `aftoken=other; Domain=${domain}; Path=/; Secure`;
          }, APP);
          const names = (await page.context().cookies(open.url)).map((cookie) => cookie.name);
          assert.deepEqual(names, ["aftoken"]);
          await logIn(page, open.url);
          assert.equal(await user(page), "ada");
        }));
    });
  }
}

/** Somebody comes as a stranger and logs in, which the protection has to let through, too. */
function cookiesOfUser(open: OpenBank): Promise<Cookie[]> {
  return visit(async (page) => {
    await logIn(page, open.url);
    assert.equal(await user(page), "ada");
    return page.context().cookies();
  });
}

/** What comes of it: why it was refused, or the status. */
async function pressButton(open: OpenBank, page: Page): Promise<string | number> {
  const { reason, status } = await open.arrival(page, () => page.getByRole("button").click());
  return reason ?? status;
}

async function fetchFrom(open: OpenBank, page: Page, token?: string): Promise<string | number> {
  const { reason, status } = await open.arrival(page, () =>
    page.evaluate(post, { path: TRANSFER, token }),
  );
  return reason ?? status;
}

/** Runs in the page. */
async function post({ path, token }: { path: string; token?: string | undefined }): Promise<void> {
  const headers: Record<string, string> =
    token === undefined ? {} : { RequestVerificationToken: token };
  await fetch(path, { method: "POST", headers });
}

async function isShownInFrame(page: Page, url: string): Promise<boolean> {
  await page.locator("body").evaluate(async (body, source) => {
    const frame = document.createElement("iframe");
    const isLoaded = new Promise((resolve) => frame.addEventListener("load", resolve));
    frame.src = source;
    body.append(frame);
    await isLoaded;
  }, url);
  return (await page.frameLocator("iframe").locator("form").count()) > 0;
}
