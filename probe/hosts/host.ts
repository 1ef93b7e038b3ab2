import type { Server } from "node:http";
import type { MiddlewareOptions, SessionStore } from "keepsake";
import type { AntiForgeryOptions } from "keepsake/anti-forgery";
import type { ProbeData } from "../app.ts";

/** What a framework needs to serve the probe. */
export interface HostOptions extends MiddlewareOptions<ProbeData> {
  readonly store: SessionStore<ProbeData>;
  /** How `/form` is protected. The other routes are not, so that they are easy to drive. */
  readonly antiForgery?: AntiForgeryOptions;
}

/** The one place that is protected. */
export const FORM = "/form";

/** Makes a server of the probe application in the idiom of one framework. It does not listen yet. */
export type Host = (options: HostOptions) => Server;
