import { type Html, html } from "./html.ts";

const clock = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "medium",
  timeStyle: "short",
  timeZone: "UTC",
});

/** A moment, for people and for programs. */
export function time(date: Date): Html {
  return html`<time datetime="${date.toISOString()}">${clock.format(date)} UTC</time>`;
}
