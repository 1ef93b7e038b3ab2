import type { AntiForgeryOptions } from "../anti-forgery/options.ts";
import type { PropertyOptions } from "./_property.ts";

/** What `antiForgery` takes, beside its rules, where a framework gives a handler one object to find everything on. */
export interface AntiForgeryPlace extends AntiForgeryOptions, PropertyOptions<string> {}

/** What every protection can be asked. */
export interface Exemptions {
  /** The places that are not protected, as they were given: for a review. */
  readonly exemptions: readonly string[];
}

/** The path of a URL, which may be absolute, as it was sent. */
export function pathOf(url: string): string {
  const path = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "").split(/[?#]/, 1)[0];
  return path || "/";
}
