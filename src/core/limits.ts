import { checkOptions, misconfigured } from "./options.ts";

/** Bounds on what a session may hold. Over a limit, the application gets an error that names the largest keys. */
export interface Limits {
  /** How deep objects and arrays may nest. Default: 32. */
  readonly depth?: number;
  /** How many keys all objects may have together. Default: 1,000. */
  readonly keys?: number;
  /** How many bytes the serialised data may take. Default: 65,536. A cookie holds far less. */
  readonly bytes?: number;
}

export const DEFAULT_LIMITS: Required<Limits> = { depth: 32, keys: 1000, bytes: 65_536 };

export function createLimits(owner: string, limits: Limits = {}): Required<Limits> {
  checkOptions(`${owner}: limits`, limits, Object.keys(DEFAULT_LIMITS));
  const given = Object.fromEntries(
    Object.entries(limits).filter(([, value]) => value !== undefined),
  );
  const all: Required<Limits> = { ...DEFAULT_LIMITS, ...given };
  for (const [name, value] of Object.entries(all)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw misconfigured(`${owner}: limits.${name} must be a whole number above 0, not ${value}.`);
    }
  }
  return all;
}
