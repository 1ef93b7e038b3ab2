import type { TrackedContents } from "./tracked-contents.ts";

/** What the live view calls, so that a write through it obeys the same rules as a method call. */
interface LiveTarget {
  contents(): TrackedContents;
  set(key: string, value: unknown): void;
  delete(key: string): boolean;
}

/** An object whose properties are a session's data: `data.cart`, `data.cart = []`, `"cart" in data`, `delete data.cart`. */
export function liveData({ contents, set, delete: remove }: LiveTarget): object {
  // An accessor, because listing the keys asks for every descriptor, and is not to read a flash value.
  const describe = (key: string): PropertyDescriptor => ({
    get: () => contents().get(key),
    set: (value) => set(key, value),
    enumerable: true,
    configurable: true,
  });
  const known = (key: string | symbol): key is string =>
    typeof key === "string" && contents().has(key);

  // Node prints a proxy's target, so the target has to know how to print the data.
  const target = Object.defineProperty({}, Symbol.for("nodejs.util.inspect.custom"), {
    value: () => contents().contents.data,
    // Otherwise a proxy would have to list it among its keys.
    configurable: true,
  });

  return new Proxy(target, {
    get: (_, key) => (known(key) ? contents().get(key) : undefined),
    has: (_, key) => known(key),
    ownKeys: () => contents().keys(),
    getOwnPropertyDescriptor: (_, key) => (known(key) ? describe(key) : undefined),
    getPrototypeOf: () => null,
    set(_, key, value) {
      set(keyOf(key), value);
      return true;
    },
    defineProperty(_, key, descriptor) {
      if (!("value" in descriptor))
        throw new TypeError("session.data takes values, not accessors.");
      set(keyOf(key), descriptor.value);
      return true;
    },
    deleteProperty(_, key) {
      if (typeof key === "string") remove(key);
      return true;
    },
    setPrototypeOf: () => false,
    preventExtensions: () => false,
  });
}

function keyOf(key: string | symbol): string {
  if (typeof key === "string") return key;
  throw new TypeError("The keys of a session are text; a symbol would not survive being stored.");
}
