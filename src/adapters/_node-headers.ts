import type { ServerResponse } from "node:http";

/** The headers of a response as they were at some time. */
export type HeadersBefore = readonly (readonly [name: string, value: string | string[] | number])[];

const NONE: HeadersBefore = [];

export function headersOf(response: ServerResponse): HeadersBefore {
  const names = response.getHeaderNames();
  if (names.length === 0) return NONE;
  return names.map((name) => [name, response.getHeader(name) ?? ""]);
}

/** As Node's own `writeHead` takes them: an object, a list of pairs, or names and values in turn. */
export function setHeaders(response: ServerResponse, headers: unknown): void {
  if (typeof headers !== "object" || headers === null) return;
  if (!Array.isArray(headers)) {
    for (const name of Object.keys(headers)) {
      const value: unknown = Reflect.get(headers, name);
      if (value !== undefined) response.setHeader(name, value as string | string[]);
    }
    return;
  }
  const flat = headers.every(Array.isArray) ? headers.flat(1) : headers;
  for (let at = 0; at < flat.length; at += 2) response.removeHeader(String(flat[at]));
  for (let at = 0; at + 1 < flat.length; at += 2) {
    response.appendHeader(String(flat[at]), flat[at + 1]);
  }
}
