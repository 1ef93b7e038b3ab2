import type { SessionSummary } from "keepsake";
import { isHandheld, UNKNOWN } from "./device.ts";
import { type Html, html } from "./html.ts";
import { devicePictures } from "./pictures.ts";
import { time } from "./time.ts";
import type { Visit } from "./visit.ts";

export const NOWHERE_ELSE = "You are logged in nowhere else.";

/** @param sessions The user's, or `undefined` where the server keeps no list. */
export function devicesPage(
  visit: Visit,
  name: string,
  currentId: string,
  sessions: readonly SessionSummary[] | undefined,
): Html {
  if (sessions === undefined) return noListPage();
  const others = sessions.filter(({ id }) => id !== currentId);
  const current = sessions.filter(({ id }) => id === currentId);
  return html`
    <h1>Your devices</h1>
    <p>These browsers are logged in as <strong>${name}</strong>, by what they say of themselves. Sign out those that you do not know.</p>
    <ul class="devices">
      ${current.map((session) => row(session, html`now`, html`<p class="this">This device</p>`))}
      ${others.map((session) => row(session, time(session.lastUsedAt), revokeForm(session, visit)))}
    </ul>
    ${
      others.length === 0
        ? html`<p class="quiet">${NOWHERE_ELSE}</p>`
        : html`
    <p class="quiet">A use is noted at most every six minutes.</p>
    <form method="post" action="/devices/revoke-others">
      ${visit.formField()}
      <button>Sign out everywhere else</button>
    </form>`
    }`;
}

function row(session: SessionSummary, lastUsed: Html, end: Html): Html {
  const { id, label: device = UNKNOWN, createdAt, authenticatedAt = createdAt } = session;
  return html`
    <li>
      ${isHandheld(device) ? devicePictures.phone : devicePictures.laptop}
      <div class="what">
        <h2 id="${id}">${device}</h2>
        <dl>
          <div><dt>Logged in</dt><dd>${time(authenticatedAt)}</dd></div>
          <div><dt>Last used</dt><dd>${lastUsed}</dd></div>
        </dl>
      </div>
      ${end}
    </li>`;
}

function revokeForm({ id }: SessionSummary, visit: Visit): Html {
  return html`
    <form method="post" action="/devices/${id}/revoke">
      ${visit.formField()}
      <button class="quiet-button" aria-describedby="${id}">Sign out</button>
    </form>`;
}

function noListPage(): Html {
  return html`
    <h1>Your devices</h1>
    <p>This shop keeps each session in its visitor’s cookie, sealed, and the server has no list of them. So it cannot show you where else you are logged in, and it cannot sign you out there.</p>
    <p>Started with <code>STORE=sqlite</code> it keeps sessions on the server, and can do both.</p>`;
}
