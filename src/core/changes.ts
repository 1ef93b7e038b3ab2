import { SessionError } from "./errors.ts";
import { assign, own, type Values } from "./json.ts";

/**
 * One thing that a request did to a session. A store that finds a newer version of the session applies the
 * request's changes to that, in order, instead of writing back its own stale copy. `applyChanges` does it; a store
 * that does it in another way has to know every kind.
 */
export type Change =
  | {
      readonly type: "set";
      readonly key: string;
      readonly value: unknown;
      /** Nobody assigned it: an object that was handed out was changed. Flash values of the key stay. */
      readonly inPlace?: true;
    }
  | { readonly type: "delete"; readonly key: string; readonly inPlace?: true }
  | { readonly type: "modify"; readonly key: string; readonly next: (current: unknown) => unknown }
  | { readonly type: "clear" }
  /** A stranger's login: of data and flash values only these keys stay, each as it is stored by then. */
  | { readonly type: "keep"; readonly keys: readonly string[] }
  | { readonly type: "flash"; readonly key: string; readonly value: unknown }
  /** The library's own: a flash value was read, and goes. */
  | { readonly type: "flash-read"; readonly key: string };

/** What a session holds: the data, and the flash values that a later request will see. */
export interface Contents {
  readonly data: Values;
  readonly flash: Values;
}

/**
 * Applies changes, in order, to contents that the caller owns. It may be done again, to other contents.
 *
 * @param copy Copies a value, so that the contents share nothing with the changes. Default: `structuredClone`.
 */
export function applyChanges(
  { data, flash }: Contents,
  changes: readonly Change[],
  copy: (value: unknown) => unknown = structuredClone,
): void {
  for (const change of changes) {
    switch (change.type) {
      case "set":
        if (!change.inPlace) delete flash[change.key];
        assign(data, change.key, copy(change.value));
        break;
      case "delete":
        if (!change.inPlace) delete flash[change.key];
        delete data[change.key];
        break;
      case "modify":
        delete flash[change.key];
        assign(data, change.key, change.next(own(data, change.key)));
        break;
      case "clear":
      case "keep":
        for (const values of [data, flash]) {
          for (const key of Object.keys(values)) if (drops(change, key)) delete values[key];
        }
        break;
      case "flash":
        assign(flash, change.key, copy(change.value));
        break;
      case "flash-read":
        delete flash[change.key];
        break;
    }
  }
}

/** Does what the request has done before, to other contents: what the application's functions throw is its fault, not the store's. */
export function runAgain(act: () => Contents): Contents {
  try {
    return act();
  } catch (cause) {
    if (cause instanceof SessionError) throw cause;
    throw new SessionError(
      "ERR_SESSION_VALUE",
      "A function given to modify() or onConflict threw when it ran again, on what another request left. It has to cope " +
        "with any value that the key may have.",
      { cause },
    );
  }
}

/** Whether a change takes a key away whatever its value: what is done to the key beside it has nothing to do with that. */
export function drops(change: Change, key: string): boolean {
  return change.type === "clear" || (change.type === "keep" && !change.keys.includes(key));
}
