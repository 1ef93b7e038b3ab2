import { SPEND, TRANSFER } from "./anti-forgery-apps.ts";

// What an attacker's page can do; each is HTML that acts by itself.

/** What an attacker aims at. */
export interface Aim {
  /** The application. */
  readonly url: string;
  /** A page that sends on what is posted to it, in the attacker's hands. */
  readonly bounce: string;
  /** A token that the application has made for the attacker. */
  readonly token: string;
}

export interface Attack {
  readonly html: (aim: Aim) => string;
  /** Of what arrives. Default: `"POST"`. */
  readonly method?: "GET" | "POST" | "OPTIONS";
  /** Whether it happens within the attacker's page. Otherwise the browser leaves that for the application's. */
  readonly isEmbedded?: boolean;
  /** Whether the page that does it is of no origin, and so of another site than any. */
  readonly isOpaque?: boolean;
}

export const ATTACKS: Readonly<Record<string, Attack>> = {
  "a form": { html: ({ url }) => sentForm(url + TRANSFER) },
  "a form in a hidden frame": {
    isEmbedded: true,
    html: ({ url }) =>
      `<iframe hidden name="hidden"></iframe>${sentForm(url + TRANSFER, 'target="hidden"')}`,
  },
  "a form with the attacker's own token": {
    html: ({ url, token }) =>
      sentForm(url + TRANSFER, "", `<input name="__RequestVerificationToken" value="${token}">`),
  },
  "a form of plain text that is JSON": {
    html: ({ url }) =>
      sentForm(url + TRANSFER, 'enctype="text/plain"', `<input name='{"a":"' value='"}'>`),
  },
  "a form with a file": {
    html: ({ url }) => sentForm(url + TRANSFER, 'enctype="multipart/form-data"'),
  },
  "a form that is sent on": { html: ({ bounce }) => sentForm(bounce) },
  "a form without a referrer": {
    html: ({ url }) => `<meta name="referrer" content="no-referrer">${sentForm(url + TRANSFER)}`,
  },
  "a form in a sandboxed frame": {
    html: ({ url }) => sandboxed(url),
    isOpaque: true,
  },
  "a form in a data: frame": {
    html: ({ url }) =>
      `<iframe src="data:text/html,${encodeURIComponent(sentForm(url + TRANSFER))}"></iframe>`,
    isOpaque: true,
  },
  "a fetch with cookies": {
    isEmbedded: true,
    html: ({ url }) =>
      fetched(url + TRANSFER, { method: "POST", mode: "no-cors", credentials: "include" }),
  },
  "a fetch with cookies whose answer is to be read": {
    isEmbedded: true,
    html: ({ url }) =>
      fetched(url + TRANSFER, { method: "POST", credentials: "include", body: "a=1" }),
  },
  "a fetch with a header of its own": {
    html: ({ url, token: RequestVerificationToken }) =>
      fetched(url + TRANSFER, {
        method: "POST",
        credentials: "include",
        headers: { RequestVerificationToken },
      }),
    method: "OPTIONS",
  },
  "an image": {
    isEmbedded: true,
    html: ({ url }) => `<img src="${url}${SPEND}">`,
    method: "GET",
  },
  "a link": {
    html: ({ url }) => `<a href="${url}${SPEND}"></a><script>document.links[0].click()</script>`,
    method: "GET",
  },
};

/** A form that sends itself. */
export function sentForm(action: string, attributes = "", fields = ""): string {
  return (
    `<form method="post" action="${action}" ${attributes}>${fields}<input name="amount" value="100"></form>` +
    "<script>document.forms[0].submit()</script>"
  );
}

/** A frame that has no origin. */
export function sandboxed(url: string): string {
  const source = sentForm(url + TRANSFER).replaceAll('"', "&quot;");
  return `<iframe sandbox="allow-forms allow-scripts" srcdoc="${source}"></iframe>`;
}

/** The title of the page tells when it is over. */
function fetched(url: string, init: RequestInit): string {
  return `<script type="module">
    await fetch("${url}", ${JSON.stringify(init)}).catch(() => undefined);
    document.title = "over";
  </script>`;
}
