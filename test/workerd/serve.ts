import { type FetchHandler, fetchHandler, honoHandler } from "../../probe/hosts/fetch-handlers.ts";
import type { HostOptions } from "../../probe/hosts/host.ts";

// The probe, in the place of probe/serve.ts: served by workerd itself, in the worker that asks for it.
const makers: Readonly<Record<string, (options: HostOptions) => FetchHandler>> = {
  fetch: fetchHandler,
  hono: honoHandler,
};

const served = new Map<string, FetchHandler>();
let origin = "";
let last = 0;

/** Says where the worker is reached over HTTP. */
export function listenAt(url: string): void {
  origin = url;
}

export async function serveProbe(
  adapter: string,
  options: HostOptions,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const make = makers[adapter];
  if (make === undefined) throw new Error(`No worker can serve ${adapter}.`);
  last += 1;
  const name = `/served-${last}`;
  served.set(name, make(options));
  return { url: `${origin}${name}`, close: async () => void served.delete(name) };
}

/** Answers a request to one of those that are served: the first part of its path names it. */
export async function answerServed(request: Request): Promise<Response> {
  const url = new URL(request.url);
  const [, name = "", path = ""] = /^(\/[^/]+)(.*)$/.exec(url.pathname) ?? [];
  const handler = served.get(name);
  if (handler === undefined) return new Response(`nobody serves ${name}`, { status: 502 });
  return handler(new Request(new URL(path + url.search, url), request));
}
