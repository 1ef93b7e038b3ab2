import type { OnEvent } from "./events.ts";
import type { SessionResponse } from "./exchange.ts";

/** What some caches obey instead of Cache-Control (RFC 9213). */
const TARGETED = [
  "cdn-cache-control",
  "cloudflare-cdn-cache-control",
  "vercel-cdn-cache-control",
  "netlify-cdn-cache-control",
  "surrogate-control",
  "edge-control",
];

/** No cache may keep a response that carries a token, whatever the application said (RFC 9111 5.2.2.5). */
export function forbidCaching({ headers }: SessionResponse, onEvent: OnEvent): void {
  const cacheControl = headers.get("cache-control");
  if (cacheControl !== "no-store") {
    if (cacheControl !== null && isShared(cacheControl)) {
      onEvent({ type: "cache-control-overruled", cacheControl });
    }
    headers.set("cache-control", "no-store");
  }
  for (const name of TARGETED) {
    const value = headers.get(name);
    if (value === null) continue;
    onEvent({ type: "cache-control-overruled", cacheControl: `${name}: ${value}` });
    headers.delete(name);
  }
}

/** No shared cache may keep a response that is one visitor's alone, whatever the application said. */
export function forbidSharing(response: SessionResponse, onEvent: OnEvent): void {
  const { headers } = response;
  const isAsked = TARGETED.some((name) => headers.get(name) !== null);
  if (isAsked || isShared(headers.get("cache-control") ?? "")) forbidCaching(response, onEvent);
}

function isShared(cacheControl: string): boolean {
  return /(?:^|[\s,])(?:public|s-maxage)/i.test(cacheControl);
}
