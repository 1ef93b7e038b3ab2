import { type Change, type Contents, drops } from "../changes.ts";
import type { Codec } from "../codec.ts";
import { SessionError } from "../errors.ts";
import { own } from "../json.ts";

/** Two requests gave one key different values at the same time. */
export interface Conflict {
  readonly key: string;
  /** What both began with; `undefined` where there was nothing, as for the others. */
  readonly base: unknown;
  /** What this request made of it. */
  readonly mine: unknown;
  /** What the other request left, which is stored. */
  readonly theirs: unknown;
}

/**
 * What decides where two requests changed the same key by plain assignment or in place: `"last-wins"` takes this
 * request's value, `"fail"` answers it with `ERR_SESSION_CONFLICT` (409), a function gives the value to keep, or
 * `undefined` to remove the key. `modify` never conflicts.
 */
export type OnConflict = "last-wins" | "fail" | ((conflict: Conflict) => unknown);

/** The changes that are to be applied to `theirs`, the newest contents, by a request that saw `base`. */
export function settleConflicts(
  changes: readonly Change[],
  base: Contents,
  theirs: Contents,
  onConflict: OnConflict,
  codec: Codec,
): readonly Change[] {
  const same = (a: unknown, b: unknown) =>
    a === undefined || b === undefined ? a === b : codec.equal(a, b);
  // What another request flashed meanwhile under a key that this one read is still to be seen.
  const needed = changes.filter(
    (change) =>
      change.type !== "flash-read" ||
      same(own(base.flash, change.key), own(theirs.flash, change.key)),
  );
  if (onConflict === "last-wins") return needed;
  return needed.map((change) => {
    if (change.type !== "set" && change.type !== "delete") return change;
    const { key } = change;
    // What was there goes in any case, by a login or a clear: it is nobody's to fail over, or to be shown.
    if (needed.some((each) => drops(each, key))) return change;
    const conflict: Conflict = {
      key,
      base: own(base.data, key),
      mine: change.type === "set" ? change.value : undefined,
      theirs: own(theirs.data, key),
    };
    if (same(conflict.base, conflict.theirs) || same(conflict.mine, conflict.theirs)) return change;
    if (onConflict === "fail") throw conflicting(key);
    const value = onConflict(conflict);
    if (value === undefined) return { ...change, type: "delete" };
    codec.check(key, value);
    return { ...change, type: "set", value };
  });
}

function conflicting(key: string): SessionError {
  return new SessionError(
    "ERR_SESSION_CONFLICT",
    `Another request changed ${JSON.stringify(key)} at the same time, so this request's changes were not saved. ` +
      "Read the session again and repeat, use modify(), or choose another onConflict.",
  );
}
