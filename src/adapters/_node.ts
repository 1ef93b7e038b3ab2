import type { IncomingMessage, ServerResponse } from "node:http";
import type { SessionRequest, SessionResponse } from "../core/exchange.ts";

/** A Node request as the core reads it. */
export function nodeRequest(request: IncomingMessage & { originalUrl?: string }): SessionRequest {
  return {
    headers: {
      get(name) {
        const value = request.headers[name.toLowerCase()];
        return Array.isArray(value) ? value.join(", ") : (value ?? null);
      },
    },
    get url(): string {
      const scheme = "encrypted" in request.socket && request.socket.encrypted ? "https" : "http";
      const path = request.originalUrl ?? request.url ?? "/";
      return `${scheme}://${request.headers.host ?? "localhost"}${path}`;
    },
  };
}

/** A Node response as the core changes it. */
export function nodeResponse(response: ServerResponse): SessionResponse {
  const values = (name: string): string[] => {
    const value = response.getHeader(name);
    return value === undefined ? [] : [value].flat().map(String);
  };
  return {
    get status() {
      return response.statusCode;
    },
    headers: {
      get: (name) => values(name).join(", ") || null,
      set: (name, value) => void response.setHeader(name, value),
      append(name, value) {
        const before = values(name);
        const list = name.toLowerCase() === "set-cookie";
        if (before.length === 0 && !list) response.setHeader(name, value);
        else response.setHeader(name, list ? [...before, value] : [...before, value].join(", "));
      },
      delete: (name) => response.removeHeader(name),
      getSetCookie: () => values("set-cookie"),
    },
  };
}
