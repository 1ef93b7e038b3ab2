/** Why a value cannot be kept, and where in it the reason is. */
export interface Misfit {
  readonly path: string;
  readonly what: string;
}

export type Values = Record<string, unknown>;

/** The first part of a session's values that JSON would change or drop, or that nests too deep; `undefined` if none. */
export function findMisfit(values: Values, depth: number): Misfit | undefined {
  const ancestors: object[] = [];

  const visit = (value: unknown, path: () => string): Misfit | undefined => {
    if (value === null) return undefined;
    switch (typeof value) {
      case "string":
      case "boolean":
        return undefined;
      case "number":
        return Number.isFinite(value) ? undefined : { path: path(), what: String(value) };
      case "object":
        return visitObject(value, path);
      case "undefined":
        return { path: path(), what: "undefined" };
      default:
        return { path: path(), what: `a ${typeof value}` };
    }
  };

  const visitObject = (value: object, path: () => string): Misfit | undefined => {
    const what = unfitObject(value, ancestors, depth);
    if (what !== undefined) return { path: path(), what };
    ancestors.push(value);
    for (const name of Object.keys(value)) {
      const misfit = visit((value as Values)[name], () => join(path(), name, value));
      if (misfit !== undefined) return misfit;
    }
    ancestors.pop();
    return undefined;
  };

  for (const key of Object.keys(values)) {
    const misfit = visit(values[key], () => key);
    if (misfit !== undefined) return misfit;
  }
  return undefined;
}

/** How many keys all objects in a value have together. The value must have no cycles. */
export function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let count = Array.isArray(value) ? 0 : Object.keys(value).length;
  for (const name of Object.keys(value)) count += countKeys((value as Values)[name]);
  return count;
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
  if (!isRoot(prototype && Object.getPrototypeOf(prototype))) return instanceOf(array);
  // Indices come first among the names, so the last one tells whether there are others.
  const names = Reflect.ownKeys(array).filter((name) => name !== "length");
  const last = array.length === 0 ? undefined : String(array.length - 1);
  if (names.length !== array.length || names.at(-1) !== last) {
    return "an array with holes or with named properties";
  }
  return undefined;
}

function unfitRecord(object: object): string | undefined {
  const prototype = Object.getPrototypeOf(object);
  if (prototype !== null && !isRoot(prototype)) return instanceOf(object);
  if (Reflect.ownKeys(object).length !== Object.keys(object).length) {
    return "an object with symbols for keys or with hidden properties";
  }
  return undefined;
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

function join(path: string, name: string, parent: object): string {
  if (Array.isArray(parent)) return `${path}[${name}]`;
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
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
