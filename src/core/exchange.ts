/** Anything with standard headers: a Fetch `Request` is one as it stands. */
export interface SessionRequest {
  readonly headers: Pick<Headers, "get">;
  /** The whole URL, where it is known. Used only to warn of plain http. */
  readonly url?: string;
}

/** Anything with standard headers that can still be changed: a Fetch `Response` is one as it stands. */
export interface SessionResponse {
  readonly headers: Pick<Headers, "get" | "set" | "append" | "delete" | "getSetCookie">;
  /** The status, where it is known. */
  readonly status?: number;
}

/** Adds names to `Vary`, none of them twice. */
export function addVary(response: SessionResponse, names: readonly string[]): void {
  const before = response.headers.get("vary");
  if (before === null) {
    // What most responses have.
    if (names.length > 0) response.headers.set("vary", names.join(", "));
    return;
  }
  const present = before
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (present.includes("*")) return;
  const known = new Set(present.map((name) => name.toLowerCase()));
  const missing = names.filter((name) => !known.has(name.toLowerCase()));
  if (missing.length > 0) response.headers.set("vary", [...present, ...missing].join(", "));
}
