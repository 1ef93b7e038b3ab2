import { type Html, html } from "./html.ts";
import type { ShopSessions } from "./sessions.ts";
import { time } from "./time.ts";
import type { Travels, Visit } from "./visit.ts";

const COOKIE_LIMIT = 4096;

/** Shows what this visitor's browser carries: the reason why this shop exists. */
export function whatTravels({ name, travels }: Visit, store: ShopSessions): Html {
  const { session, cookieName } = travels;
  const none = html`<span class="quiet">none yet</span>`;
  return html`
    <aside class="label" aria-labelledby="travels">
      <h2 id="travels">What travels</h2>
      <p>${story(travels, store)}</p>
      <dl>
        <div><dt>Session</dt><dd>${session === undefined ? none : "yes"}</dd></div>
        <div><dt>Cookie</dt><dd>${cookie(travels)}</dd></div>
        <div><dt>Forms</dt><dd id="forms">${forms(travels)}</dd></div>
        <div><dt>Handle</dt><dd id="handle">${session === undefined ? none : html`<code>${session.handle}</code>`}</dd></div>
        <div><dt>Subject</dt><dd id="subject">${name ?? html`<span class="quiet">nobody</span>`}</dd></div>
        <div><dt>Created</dt><dd>${session === undefined ? none : time(session.createdAt)}</dd></div>
        <div><dt>Expires</dt><dd>${session === undefined ? none : html`${time(session.expiresAt)} <span class="quiet">unless you come back before</span>`}</dd></div>
      </dl>
      ${session !== undefined && html`<p>The handle is a public name for your session. Knowing it opens nothing, so it may be in logs and on this page; the value of <code>${cookieName}</code> may not.</p>`}
      ${name !== undefined && html`<p>${store.afterLogout}</p>`}
    </aside>`;
}

function story({ session, cookieBytes, isEnding }: Travels, store: ShopSessions): string {
  if (session !== undefined) return store.reveals;
  if (isEnding) {
    return "Your browser sent a last cookie, for the message on this page. This answer deletes it: you are a stranger again.";
  }
  if (cookieBytes !== undefined) {
    return `Your browser sent a cookie that opens no session here: ${store.refuses}. You count as a stranger.`;
  }
  return "You are a stranger here, and looking around keeps it so: there is no session until there is something to keep. Put something in your cart and look again.";
}

function cookie({ cookieName, cookieBytes }: Travels): Html {
  if (cookieBytes === undefined) return html`<span class="quiet">none yet</span>`;
  const size = `${count(cookieBytes)} of ${count(COOKIE_LIMIT)} bytes`;
  return html`
    <code>${cookieName}</code>
    <meter min="0" max="${COOKIE_LIMIT}" high="${COOKIE_LIMIT - 400}" value="${cookieBytes}" aria-label="Size of the cookie">${size}</meter>
    <span id="size">${size}</span>`;
}

/** What the hidden inputs of the forms are bound to. */
function forms({ session, formCookieName }: Travels): Html {
  return session === undefined
    ? html`bound to <code>${formCookieName}</code>, a cookie of random bytes for an hour`
    : html`bound to your session`;
}

function count(number: number): string {
  return number.toLocaleString("en");
}
