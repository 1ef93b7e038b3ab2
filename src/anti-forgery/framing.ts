import type { SessionResponse } from "../core/exchange.ts";

/** Who may show a page in a frame: pages of the same origin, or none. */
export type FrameAncestors = "self" | "none";

const CSP = "content-security-policy";
const OLD = "x-frame-options";

/**
 * Keeps a page that carries a form out of the frames of other sites, where a visitor could be made to press its buttons
 * unawares (CSP Level 3 6.4.2, RFC 7034). What the application has said of frames itself stays as it is.
 */
export function forbidFraming({ headers }: SessionResponse, ancestors: FrameAncestors): void {
  const policy = headers.get(CSP)?.trim() ?? "";
  if (saysOfFrames(policy)) return;
  const directive = `frame-ancestors '${ancestors}'`;
  // Of several policies each holds, so it is enough to put it into the last.
  headers.set(CSP, policy === "" ? directive : `${policy.replace(/[;\s]+$/, "")}; ${directive}`);
  if (headers.get(OLD) === null) headers.set(OLD, ancestors === "self" ? "SAMEORIGIN" : "DENY");
}

function saysOfFrames(policies: string): boolean {
  return policies
    .split(/[;,]/)
    .some((directive) => /^frame-ancestors(?:\s|$)/i.test(directive.trim()));
}
