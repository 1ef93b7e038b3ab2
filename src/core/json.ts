/** Why a value cannot be kept, and where in it the reason is. */
interface Misfit {
  readonly path: string;
  readonly what: string;
  /** Whether it is one key too many, and not the value itself. */
  readonly isExcess?: true;
}

/** Data as an object: of JSON, by its keys. */
export type Values = Record<string, unknown>;

interface Bounds {
  readonly depth: number;
  readonly keys: number;
}

/** What has been seen on the way to a value. Handed on, because closures would take twice the memory. */
interface Walk extends Bounds {
  readonly ancestors: object[];
  keysSeen: number;
}

/** The first part of a session's values that JSON would change or drop, or that is over a limit; `undefined` if none. */
export function findMisfit(values: Values, { depth, keys }: Bounds): Misfit | undefined {
  return visitValues(values, { depth, keys, ancestors: [], keysSeen: 0 });
}

function visit(value: unknown, walk: Walk): Misfit | undefined {
  if (isFitScalar(value)) return undefined;
  switch (typeof value) {
    case "object":
      return value === null ? undefined : visitObject(value, walk);
    case "number":
    case "undefined":
      return { path: "", what: String(value) };
    default:
      return { path: "", what: `a ${typeof value}` };
  }
}

function visitObject(value: object, walk: Walk): Misfit | undefined {
  const { ancestors, depth } = walk;
  const what = unfitObject(value, ancestors, depth);
  if (what !== undefined) return { path: "", what };
  ancestors.push(value);
  const misfit = Array.isArray(value)
    ? visitItems(value, walk)
    : visitValues(value as Values, walk);
  ancestors.pop();
  return misfit;
}

function visitItems(items: readonly unknown[], walk: Walk): Misfit | undefined {
  for (let index = 0; index < items.length; index += 1) {
    const misfit = visit(items[index], walk);
    if (misfit !== undefined) return under(`[${index}]`, misfit);
  }
  return undefined;
}

function visitValues(parent: Values, walk: Walk): Misfit | undefined {
  const names = Object.keys(parent);
  walk.keysSeen += names.length;
  if (walk.keysSeen > walk.keys) return { path: "", what: "one key too many", isExcess: true };
  for (const name of names) {
    const misfit = visit(parent[name], walk);
    if (misfit !== undefined) {
      return under(walk.ancestors.length === 0 ? name : step(name), misfit);
    }
  }
  return undefined;
}

/** Text, `true` and `false`, and numbers that JSON has. */
export function isFitScalar(value: unknown): boolean {
  return typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
}

/** Paths are put together on the way back: most values are as they should be, and need none. */
function under(start: string, misfit: Misfit): Misfit {
  return { ...misfit, path: `${start}${misfit.path}` };
}

function step(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

function unfitObject(
  value: object,
  ancestors: readonly object[],
  depth: number,
): string | undefined {
  if (ancestors.includes(value)) return "a reference to an object around it (a cycle)";
  if (ancestors.length >= depth) return `nested more than ${depth} deep (limits.depth)`;
  return Array.isArray(value) ? unfitArray(value) : unfitRecord(value);
}

function unfitArray(array: readonly unknown[]): string | undefined {
  const prototype = Object.getPrototypeOf(array);
  if (prototype !== Array.prototype && !isRoot(prototype && Object.getPrototypeOf(prototype))) {
    return instanceOf(array);
  }
  // Indices come first among the names, and `length` before all others.
  const names = Reflect.ownKeys(array);
  if (names.length !== array.length + 1 || names[array.length] !== "length") {
    return "an array with holes or with named properties";
  }
  return undefined;
}

function unfitRecord(object: object): string | undefined {
  const prototype = Object.getPrototypeOf(object);
  if (prototype !== null && prototype !== Object.prototype && !isRoot(prototype)) {
    return instanceOf(object);
  }
  if (prototype === null && isRaw(object))
    return "JSON.rawJSON, which is read back as something else";
  // Together a tenth of what Reflect.ownKeys costs.
  const names = Object.getOwnPropertyNames(object).length;
  if (names !== Object.keys(object).length || Object.getOwnPropertySymbols(object).length > 0) {
    return "an object with symbols for keys or with hidden properties";
  }
  return undefined;
}

/** Not every runtime has it (ECMA-262 25.5.1). */
function isRaw(object: object): boolean {
  return "isRawJSON" in JSON && typeof JSON.isRawJSON === "function" && JSON.isRawJSON(object);
}

/** Whether a prototype is an `Object.prototype`, of this realm or of another (a test runner's, an iframe's). */
function isRoot(prototype: object | null): boolean {
  return (
    prototype !== null &&
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, "hasOwnProperty")
  );
}

function instanceOf(value: object): string {
  const name: unknown = value.constructor?.name;
  return typeof name !== "string" || name === ""
    ? "an object with a prototype of its own"
    : `an instance of ${name}`;
}

/** What is there under the key itself: `undefined` for what an object inherits. */
export function own(values: Values, key: string): unknown {
  return Object.hasOwn(values, key) ? values[key] : undefined;
}

/** Assigns an own property whatever the key: `__proto__` and the names that an object inherits are keys like any other. */
export function assign(values: Values, key: string, value: unknown): void {
  if (Object.hasOwn(values, key) || !(key in values)) {
    values[key] = value;
    return;
  }
  Object.defineProperty(values, key, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

/** A copy that shares nothing with a value that {@link findMisfit} found nothing in. */
export function copyJson(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyJson);
  const copy: Values = {};
  for (const key of Object.keys(value)) assign(copy, key, copyJson((value as Values)[key]));
  return copy;
}

/** Equality of JSON values. As in JSON itself, the order of keys does not count. */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every(
      (name) => Object.hasOwn(b, name) && equalJson((a as Values)[name], (b as Values)[name]),
    )
  );
}

/** Whether parsed text is what a session's data must be: an object with keys. */
export function isValues(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
