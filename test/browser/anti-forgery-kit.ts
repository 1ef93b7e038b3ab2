import { EventEmitter, once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before } from "node:test";
import { type Browser, type Cookie, chromium, type Frame, type Page } from "playwright-core";
import { Bank, type Settings, SPEND, TRANSFER } from "./anti-forgery-apps.ts";
import { makeCertificate } from "./anti-forgery-certificate.ts";
import { FLAGS } from "./shop-kit.ts";

export const APP = "app.example";
const PATIENCE = 60_000;

const certificate = makeCertificate(APP);

/** A server on loopback, which has every name that a browser asks for. */
export interface Place {
  origin(host: string): string;
  close(): void;
}

export async function serve(listener: RequestListener, isEncrypted: boolean): Promise<Place> {
  const server: Server = isEncrypted
    ? createSecureServer(certificate, listener)
    : createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    origin: (host) => `${isEncrypted ? "https" : "http"}://${host}:${port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A request for a transfer that has arrived, and what became of it. */
export interface Arrival {
  readonly method: string;
  readonly status: number;
  /** Why it was refused. */
  readonly reason: string | undefined;
  readonly fetchSite: string | undefined;
  readonly origin: string | undefined;
  /** Whether the session's cookie came with it. */
  readonly hasSession: boolean;
  /** Whether the browser shows the answer, in the page or in a frame of it. */
  readonly isNavigation: boolean;
  /** Whether a service worker sent it. */
  readonly isWorkers: boolean;
}

export interface OpenBank {
  readonly url: string;
  readonly bank: Bank;
  /** The one request for a transfer that comes of what is done on a page, once it is answered and the answer shown. */
  arrival(page: Page, act: () => Promise<unknown>): Promise<Arrival>;
  close(): void;
}

export async function openBank(
  framework: (bank: Bank) => RequestListener,
  settings: Settings,
): Promise<OpenBank> {
  const reasons: string[] = [];
  const bank = new Bank({
    ...settings,
    rules: {
      ...settings.rules,
      onEvent: (event) => {
        if (event.type === "forgery-refused") reasons.push(event.reason);
      },
    },
  });
  const app = framework(bank);
  const arrivals = new EventEmitter<{ answered: [Arrival] }>();
  const place = await serve((request, response) => {
    const { method = "", url, headers } = request;
    if (isForTransfer(url)) {
      response.once("finish", () => {
        arrivals.emit("answered", {
          method,
          status: response.statusCode,
          reason: reasons.shift(),
          fetchSite: headers["sec-fetch-site"]?.toString(),
          origin: headers.origin,
          hasSession: headers.cookie?.includes("session=") ?? false,
          isNavigation: headers["upgrade-insecure-requests"] === "1",
          isWorkers: headers["x-by"] === "worker",
        });
      });
    }
    app(request, response);
  }, settings.isEncrypted);
  return {
    url: place.origin(APP),
    bank,
    arrival: async (page, act) => {
      const answered = once(arrivals, "answered", { signal: AbortSignal.timeout(PATIENCE) });
      const { promise: shown, resolve } = Promise.withResolvers<void>();
      const look = (frame: Frame) => {
        if (isForTransfer(frame.url())) resolve();
      };
      page.on("framenavigated", look);
      try {
        const [[arrival]] = await Promise.all([answered, act()]);
        if (arrival.isNavigation) await shown;
        return arrival;
      } finally {
        page.off("framenavigated", look);
      }
    },
    close: place.close,
  };
}

function isForTransfer(url = ""): boolean {
  return url.endsWith(TRANSFER) || url.endsWith(SPEND);
}

/** A site that shows what it is told to, and sends on what is posted to it. */
export function openAttacker(isEncrypted: boolean): Promise<Place> {
  return serve((request, response) => {
    const { searchParams } = new URL(request.url ?? "/", "http://any.example");
    const to = searchParams.get("to");
    if (to !== null) {
      response.writeHead(307, { location: to }).end();
      return;
    }
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><link rel="icon" href="data:,">${searchParams.get("html") ?? ""}`);
  }, isEncrypted);
}

/** An address of a page of such a site. */
export function showing(origin: string, html: string): string {
  return `${origin}/?html=${encodeURIComponent(html)}`;
}

/** An address at such a site, which sends on to another. */
export function bounce(origin: string, url: string): string {
  return `${origin}/?to=${encodeURIComponent(url)}`;
}

export type Visit = <Result>(
  act: (page: Page) => Promise<Result>,
  cookies?: readonly Cookie[],
) => Promise<Result>;

/**
 * Starts a browser for the tests of a file, in which every name is that of this machine. Each visit is that of another
 * one, with no cookies but those that are given.
 */
export function useBrowser(): Visit {
  let browser: Browser;
  before(async () => {
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        ...FLAGS,
        "--host-resolver-rules=MAP * 127.0.0.1",
        "--no-proxy-server",
        "--ignore-certificate-errors",
      ],
    });
  });
  after(() => browser?.close());

  return async (act, cookies = []) => {
    const context = await browser.newContext();
    context.setDefaultTimeout(PATIENCE);
    try {
      await context.addCookies(cookies);
      return await act(await context.newPage());
    } finally {
      await context.close();
    }
  };
}

export async function logIn(page: Page, url: string, user = "ada"): Promise<void> {
  await page.goto(`${url}/login`);
  await page.locator("[name=user]").fill(user);
  await page.getByRole("button").click();
  await page.waitForURL(`${url}/`);
}

export function user(page: Page): Promise<string | null> {
  return page.locator("#user").textContent();
}

/** The token that the page has for its scripts. */
export async function scriptToken(page: Page): Promise<string> {
  return (await page.locator("meta[name=csrf-token]").getAttribute("content")) ?? "";
}
