import { assign, type Values } from "./json.ts";

/**
 * One thing that a request did to a session. A store that finds a newer version of the session applies the
 * request's changes to that, in order, instead of writing back its own stale copy.
 */
export type Change =
  | { readonly type: "set"; readonly key: string; readonly value: unknown }
  | { readonly type: "delete"; readonly key: string }
  | { readonly type: "modify"; readonly key: string; readonly next: (current: unknown) => unknown }
  | { readonly type: "clear" }
  | { readonly type: "flash"; readonly key: string; readonly value: unknown }
  /** The library's own: a flash value was read, and goes. */
  | { readonly type: "flash-read"; readonly key: string };

/** What a session holds: the data, and the flash values that a later request will see. */
export interface Contents {
  readonly data: Values;
  readonly flash: Values;
}

/** Applies changes, in order, to contents that the caller owns. */
export function applyChanges(contents: Contents, changes: readonly Change[]): void {
  for (const change of changes) applyChange(contents, change);
}

function applyChange({ data, flash }: Contents, change: Change): void {
  switch (change.type) {
    case "set":
      delete flash[change.key];
      assign(data, change.key, change.value);
      break;
    case "delete":
      delete flash[change.key];
      delete data[change.key];
      break;
    case "modify":
      assign(
        data,
        change.key,
        change.next(Object.hasOwn(data, change.key) ? data[change.key] : undefined),
      );
      break;
    case "clear":
      for (const key of Object.keys(data)) delete data[key];
      for (const key of Object.keys(flash)) delete flash[key];
      break;
    case "flash":
      assign(flash, change.key, change.value);
      break;
    case "flash-read":
      delete flash[change.key];
      break;
  }
}
