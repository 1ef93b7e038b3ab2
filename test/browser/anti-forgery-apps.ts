import type { RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import express from "express";
import { type Context, Hono } from "hono";
import { InMemorySessionStore, type Session } from "keepsake";
import * as forExpress from "keepsake/adapters/express";
import * as forHono from "keepsake/adapters/hono";
import { type AntiForgeryOptions, formField, token } from "keepsake/anti-forgery";

// A bank that two frameworks serve alike. Only users can transfer, but both ways to do it ask for nothing else.

export const TRANSFER = "/transfer";
/** A GET with effects. */
export const SPEND = "/spend";
const WORKER = "/worker.js";

/** The pages, by their paths. */
const PAGES: Readonly<Record<string, (session: Session) => string>> = {
  "/": (session) => page(session, transferForm(session)),
  "/private": (session) => page(session, transferForm(session)),
  "/login": (session) =>
    page(
      session,
      `<form method="post">${formField(session)}<input name="user"><button>Log in</button></form>`,
    ),
  "/links": (session) => page(session, `<a href="${SPEND}">Spend</a>`),
};

/** It sends the page's request on in its own name. */
const WORKER_SCRIPT = `
addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { url, method } = event.request;
  if (method === "POST") event.respondWith(fetch(url, { method, headers: { "x-by": "worker" } }));
});
`;

function transferForm(session: Session): string {
  return `<form method="post" action="${TRANSFER}">${formField(session)}<button>Transfer</button></form>`;
}

function page(session: Session, content: string): string {
  return `<!doctype html>
<title>Bank</title>
<link rel="icon" href="data:,">
<meta name="csrf-token" content="${token(session)}">
<p id="user">${session.subject ?? "nobody"}</p>
${content}`;
}

export interface Settings {
  /** Whether it is served over https. */
  readonly isEncrypted: boolean;
  readonly rules: AntiForgeryOptions;
}

/** An application, and what has been done in it. */
export class Bank {
  transfers = 0;
  readonly store: InMemorySessionStore;
  readonly rules: AntiForgeryOptions;

  constructor({ isEncrypted, rules }: Settings) {
    // The weakest cookies there are: they do not keep any request from being sent with them.
    const cookie = isEncrypted
      ? { sameSite: "none" as const }
      : { secure: false, sameSite: "lax" as const };
    this.store = new InMemorySessionStore({ cookie });
    this.rules = { cookie, protectGet: [SPEND], ...rules };
  }

  /** @returns The status of the answer. */
  transfer(session: Session): 200 | 401 {
    if (session.subject === undefined) return 401;
    this.transfers += 1;
    return 200;
  }
}

function expressApp(bank: Bank): RequestListener {
  const app = express();
  app.use(
    forExpress.sessions(bank.store),
    express.urlencoded(),
    forExpress.antiForgery(bank.rules),
  );
  for (const [path, render] of Object.entries(PAGES)) {
    app.get(path, ({ session }, response) => {
      if (path === "/private") response.set("referrer-policy", "no-referrer");
      response.send(render(session));
    });
  }
  app.get(WORKER, (_request, response) => void response.type("js").send(WORKER_SCRIPT));
  app.post("/login", (request, response) => {
    request.session.login(String(request.body.user));
    response.redirect(303, "/");
  });
  app.post(TRANSFER, ({ session }, response) => void response.sendStatus(bank.transfer(session)));
  app.get(SPEND, ({ session }, response) => void response.sendStatus(bank.transfer(session)));
  return app;
}

function honoApp(bank: Bank): RequestListener {
  const app = new Hono().use(forHono.sessions(bank.store)).use(forHono.antiForgery(bank.rules));
  for (const [path, render] of Object.entries(PAGES)) {
    app.get(path, (c) => {
      if (path === "/private") c.header("referrer-policy", "no-referrer");
      return c.html(render(forHono.sessionOf(c)));
    });
  }
  app.get(WORKER, (c) => c.body(WORKER_SCRIPT, 200, { "content-type": "text/javascript" }));
  app.post("/login", async (c) => {
    const { user } = await c.req.parseBody();
    forHono.sessionOf(c).login(String(user));
    return c.redirect("/", 303);
  });
  // Without a body Chromium shows a page of its own instead.
  const answer = (c: Context) => c.text("Answered", bank.transfer(forHono.sessionOf(c)));
  app.post(TRANSFER, answer).get(SPEND, answer);
  return getRequestListener(app.fetch);
}

export const FRAMEWORKS: Readonly<Record<string, (bank: Bank) => RequestListener>> = {
  "Express 5": expressApp,
  "Hono behind Node": honoApp,
};
