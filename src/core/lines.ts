import { addVary, type SessionResponse } from "./exchange.ts";

/** A header that was put on an answer. */
export type Line = readonly [name: string, value: string];

/** A response, which notes down what is put on it. Its own headers, too. */
export class NotingResponse implements SessionResponse {
  readonly lines: Line[] = [];
  #response: SessionResponse;
  readonly #before: readonly string[];

  constructor(response: SessionResponse) {
    this.#response = response;
    this.#before = response.headers.getSetCookie();
  }

  /** Has another response take what was put on this one, and what still is. */
  moveTo(response: SessionResponse): void {
    const vary = this.get("vary");
    this.#response = response;
    if (vary !== null) put(response, ["vary", vary]);
    for (const line of this.lines) put(response, line);
  }

  get headers(): this {
    return this;
  }

  get status(): number {
    return this.#response.status ?? 200;
  }

  get(name: string): string | null {
    return this.#response.headers.get(name);
  }

  getSetCookie(): string[] {
    return this.#response.headers.getSetCookie();
  }

  delete(name: string): void {
    this.#response.headers.delete(name);
  }

  set(name: string, value: string): void {
    this.#note(name, value);
    this.#response.headers.set(name, value);
  }

  append(name: string, value: string): void {
    this.#note(name, value);
    this.#response.headers.append(name, value);
  }

  #note(name: string, value: string): void {
    // A transport may take all cookies off and put those of others on again.
    if (!this.#before.includes(value)) this.lines.push([name.toLowerCase(), value]);
  }
}

/** Puts a line on a response that may have it already. */
export function put(response: SessionResponse, [name, value]: Line): void {
  const { headers } = response;
  if (name === "vary") addVary(response, value.split(/\s*,\s*/));
  else if (name !== "set-cookie") headers.set(name, value);
  else if (!headers.getSetCookie().includes(value)) headers.append(name, value);
}

/** Headers as a `SessionError` carries them: cookies are never put together. */
export function plainHeaders(headers: Headers): Record<string, string | string[]> {
  const cookies = headers.getSetCookie();
  headers.delete("set-cookie");
  return {
    ...Object.fromEntries(headers),
    ...(cookies.length === 0 ? {} : { "set-cookie": cookies }),
  };
}
