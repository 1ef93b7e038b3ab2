import type { OnEvent } from "./events.ts";
import type { SessionResponse } from "./exchange.ts";

/** No cache may keep a response that carries a token, whatever the application said (RFC 9111 5.2.2.5). */
export function forbidCaching({ headers }: SessionResponse, onEvent: OnEvent): void {
  const cacheControl = headers.get("cache-control");
  if (cacheControl !== null && /(?:^|[\s,])(?:public|s-maxage)/i.test(cacheControl)) {
    onEvent({ type: "cache-control-overruled", cacheControl });
  }
  if (cacheControl !== "no-store") headers.set("cache-control", "no-store");
}
