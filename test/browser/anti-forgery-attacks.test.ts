import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Cookie, Page } from "playwright-core";
import { FRAMEWORKS, TRANSFER } from "./anti-forgery-apps.ts";
import { ATTACKS, type Attack, sandboxed } from "./anti-forgery-attacks.ts";
import {
  APP,
  type Arrival,
  bounce,
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

interface Attacker {
  readonly host: string;
  readonly scheme?: "http";
}

const ATTACKERS: Readonly<Record<string, Attacker>> = {
  "another site": { host: "evil.example" },
  "another host of the same site": { host: `www.${APP}` },
  "another port of the same host": { host: APP },
  "the same host over http": { host: APP, scheme: "http" },
};

const visit = useBrowser();

for (const [name, framework] of Object.entries(FRAMEWORKS)) {
  for (const scheme of ["https", "http"] as const) {
    describe(`${name} over ${scheme}, attacked`, { timeout: 600_000 }, () => {
      const isEncrypted = scheme === "https";
      let open: OpenBank;
      let attackers: Readonly<Record<"https" | "http", Place>>;
      let token: string;
      let cookies: readonly Cookie[];

      before(async () => {
        open = await openBank(framework, { isEncrypted, rules: {} });
        attackers = { https: await openAttacker(true), http: await openAttacker(false) };
        token = await visit(async (page) => {
          await logIn(page, open.url, "mallory");
          return scriptToken(page);
        });
        cookies = await visit(async (page) => {
          await logIn(page, open.url, "ada");
          return page.context().cookies();
        });
      });
      after(() => {
        for (const { close } of [open, ...Object.values(attackers)]) close();
      });

      const ofNoOrigin: Partial<Arrival> = {
        method: "POST",
        status: 403,
        reason: isEncrypted ? "cross-origin" : "origin",
        origin: "null",
      };
      const visitAsAda = (act: (page: Page) => Promise<void>) => visit(act, cookies);

      for (const [where, { host, scheme: theirs = scheme }] of Object.entries(ATTACKERS)) {
        if (theirs === scheme && where.endsWith("http")) continue;
        const isSameSite = host !== "evil.example" && theirs === scheme;

        test(`by ${where}`, (t) =>
          visitAsAda(async (page) => {
            const origin = attackers[theirs].origin(host);
            const aim = { url: open.url, bounce: bounce(origin, open.url + TRANSFER), token };
            for (const [what, attack] of Object.entries(ATTACKS)) {
              await t.test(`with ${what}`, async () => {
                const arrival = await open.arrival(page, () =>
                  page.goto(showing(origin, attack.html(aim)), { waitUntil: "commit" }),
                );
                if (attack.method === "OPTIONS") await page.waitForFunction(isOver);
                const awaited = expected(attack, { isEncrypted, isSameSite });
                assert.partialDeepStrictEqual(arrival, awaited);
              });
            }
            assert.equal(open.bank.transfers, 0);
          }));
      }

      test("by another site that sends back a form of its own", () =>
        visitAsAda(async (page) => {
          await page.goto(open.url);
          const action = bounce(attackers[scheme].origin("evil.example"), open.url + TRANSFER);
          const arrival = await open.arrival(page, () =>
            page.locator("form").evaluate((form: HTMLFormElement, to) => {
              form.action = to;
              form.submit();
            }, action),
          );
          assert.partialDeepStrictEqual(arrival, ofNoOrigin);
          assert.equal(open.bank.transfers, 0);
        }));

      test("by somebody whose form is in a sandboxed frame of its own page", () =>
        visitAsAda(async (page) => {
          await page.goto(open.url);
          const arrival = await open.arrival(page, () =>
            page
              .locator("body")
              .evaluate(
                (body, html) => body.insertAdjacentHTML("beforeend", html),
                sandboxed(open.url),
              ),
          );
          assert.partialDeepStrictEqual(arrival, ofNoOrigin);
          assert.equal(open.bank.transfers, 0);
        }));

      test("without the visitor noticing anything", () =>
        visitAsAda(async (page) => {
          await page.goto(open.url);
          assert.equal(await user(page), "ada");
          const { status } = await open.arrival(page, () => page.getByRole("button").click());
          assert.equal(status, 200);
          assert.equal(open.bank.transfers, 1);
        }));
    });
  }
}

interface From {
  /** Whether the application is served over https. */
  readonly isEncrypted: boolean;
  readonly isSameSite: boolean;
}

/** What arrives, and what becomes of it. */
function expected(attack: Attack, from: From): Partial<Arrival> {
  const { method = "POST" } = attack;
  const site = from.isSameSite && attack.isOpaque !== true ? "same-site" : "cross-site";
  const fetchSite = from.isEncrypted ? site : undefined;
  // What is said to a preflight is the application's own affair.
  if (method === "OPTIONS") return { method, fetchSite, reason: undefined };
  const cookie = hasSession(attack, from);
  const reason = from.isEncrypted ? "cross-origin" : reasonByOrigin(method);
  return {
    method,
    status: 403,
    reason,
    fetchSite,
    ...(cookie !== undefined && { hasSession: cookie }),
  };
}

/** SameSite is None over https and Lax over http. `undefined`: it depends on what the browser thinks of third parties. */
function hasSession(
  { method, isEmbedded = false, isOpaque = false }: Attack,
  { isEncrypted, isSameSite }: From,
): boolean | undefined {
  if (isSameSite && !isOpaque) return true;
  const isTopLevel = !isEmbedded && !isOpaque;
  if (isEncrypted) return isTopLevel ? true : undefined;
  return isTopLevel && method === "GET";
}

/** Browsers name no origin with a GET. */
function reasonByOrigin(method: "GET" | "POST"): string {
  return method === "POST" ? "origin" : "no-proof";
}

/** Runs in the page. */
function isOver(): boolean {
  return document.title === "over";
}
