/** Why a value cannot be kept, and where in it the reason is. */
export interface Misfit {
  readonly path: string;
  readonly what: string;
  /** Whether it is one key too many, and not the value itself. */
  readonly isExcess?: true;
}

export type Values = Record<string, unknown>;

/** The first part of a session's values that JSON would change or drop, or that is over a limit; `undefined` if none. */
export function findMisfit(
  values: Values,
  limits: { readonly depth: number; readonly keys: number },
): Misfit | undefined {
  const ancestors: object[] = [];
  let keys = 0;

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
    const what = unfitObject(value, ancestors, limits.depth);
    if (what !== undefined) return { path: path(), what };
    const names = Object.keys(value);
    const excess = Array.isArray(value) ? undefined : count(names, path);
    if (excess !== undefined) return excess;
    ancestors.push(value);
    for (const name of names) {
      const misfit = visit((value as Values)[name], () => join(path(), name, value));
      if (misfit !== undefined) return misfit;
    }
    ancestors.pop();
    return undefined;
  };

  const count = (names: readonly string[], path: () => string): Misfit | undefined => {
    keys += names.length;
    if (keys <= limits.keys) return undefined;
    return { path: path(), what: "one key too many", isExcess: true };
  };

  const names = Object.keys(values);
  const excess = count(names, () => "");
  if (excess !== undefined) return excess;
  for (const key of names) {
    const misfit = visit(values[key], () => key);
    if (misfit !== undefined) return misfit;
  }
  return undefined;
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
