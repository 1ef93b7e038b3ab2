import type { Path } from "../drivers/host.ts";

/** What a request of each case asks for, and which of a visitor's cookies it sends. */
export interface Case {
  readonly title: string;
  readonly path: Path;
  readonly cookie: "none" | "good" | "tampered";
}

export const CASES = {
  none: { title: "no cookie, untouched", path: "/untouched", cookie: "none" },
  read: { title: "read one key", path: "/read", cookie: "good" },
  change: { title: "change one key", path: "/change", cookie: "good" },
  tampered: { title: "tampered cookie", path: "/read", cookie: "tampered" },
} as const satisfies Record<string, Case>;

export type CaseName = keyof typeof CASES;

export const CASE_NAMES: readonly CaseName[] = ["none", "read", "change", "tampered"];

export function isCaseName(name: string): name is CaseName {
  return name in CASES;
}
