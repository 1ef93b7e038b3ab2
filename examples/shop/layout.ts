import { type Html, html } from "./html.ts";
import { whatTravels } from "./panel.ts";
import type { ShopSessions } from "./sessions.ts";
import type { Visit } from "./visit.ts";

/** A whole page for a visitor. */
export function page(visit: Visit, store: ShopSessions, title: string, content: Html): string {
  const { notice } = visit;
  return shell(
    title,
    navigation(visit),
    html`
    <div class="columns">
      <main id="main">
        ${notice !== undefined && html`<p class="notice" role="status">${notice}</p>`}
        ${content}
      </main>
      ${whatTravels(visit, store)}
    </div>`,
  );
}

/** A page that needs no session, because without one may be why it is shown. */
export function barePage(title: string, content: Html): string {
  return shell(title, html``, html`<main id="main">${content}</main>`);
}

function shell(title: string, nav: Html, content: Html): string {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${title} · Keepsake &amp; Co.</title>
    <link rel="stylesheet" href="/style.css">
    <link rel="icon" href="/icon.svg" type="image/svg+xml">
  </head>
  <body>
    <a class="skip" href="#main">Skip to the content</a>
    <header class="top">
      <a class="brand" href="/"><strong>Keepsake &amp; Co.</strong> <span>Small things worth keeping</span></a>
      ${nav}
    </header>
    ${content}
    <footer>
      <p>A shop to try out sessions in. Nothing is really for sale, and no script runs on these pages.</p>
    </footer>
  </body>
</html>
`.text;
}

function navigation({ name, lines, formField }: Visit): Html {
  const items = lines.reduce((sum, { quantity }) => sum + quantity, 0);
  return html`
    <nav aria-label="Shop">
      <a href="/">Shop</a>
      <a href="/cart">Cart <span class="count">${items}<span class="unseen"> ${items === 1 ? "item" : "items"}</span></span></a>
      ${
        name === undefined
          ? html`<a href="/login">Log in</a>`
          : html`
      <a href="/devices">Your devices</a>
      <form method="post" action="/logout">${formField()}<span class="name">${name}</span> <button class="plain">Log out</button></form>`
      }
    </nav>`;
}
