// The part of node:assert/strict that the tests use, which takes its place in a worker.

export class AssertionError extends Error {
  override readonly name: string = "AssertionError";

  constructor({ message }: { readonly message: string }) {
    super(message);
  }
}

type Message = string | Error | undefined;
/** What a thrown error must be: of a class, like a pattern, with these properties, or whatever a function says. */
type Expected = RegExp | Check | ErrorClass | { readonly [property: string]: unknown };
type Check = (error: unknown) => boolean;
type ErrorClass = new (...args: never) => Error;

function refuse(message: Message, otherwise: () => string): never {
  if (message instanceof Error) throw message;
  throw new AssertionError({ message: message ?? otherwise() });
}

export function ok(value: unknown, message?: Message): asserts value {
  if (!value) refuse(message, () => `${show(value)} is not truthy`);
}

export function fail(message?: Message): never {
  return refuse(message, () => "failed");
}

export function equal(actual: unknown, expected: unknown, message?: Message): void {
  if (Object.is(actual, expected)) return;
  refuse(message, () => `${show(actual)} is not ${show(expected)}`);
}

export function notEqual(actual: unknown, expected: unknown, message?: Message): void {
  if (Object.is(actual, expected)) refuse(message, () => `both are ${show(actual)}`);
}

export function deepEqual(actual: unknown, expected: unknown, message?: Message): void {
  if (isDeepEqual(actual, expected)) return;
  refuse(message, () => `${show(actual)}\nis not\n${show(expected)}`);
}

export function notDeepEqual(actual: unknown, expected: unknown, message?: Message): void {
  if (isDeepEqual(actual, expected)) refuse(message, () => `both are ${show(actual)}`);
}

export function match(text: unknown, pattern: RegExp, message?: Message): void {
  if (typeof text === "string" && pattern.test(text)) return;
  refuse(message, () => `${show(text)} does not match ${pattern}`);
}

export function doesNotMatch(text: unknown, pattern: RegExp, message?: Message): void {
  if (typeof text === "string" && !pattern.test(text)) return;
  refuse(message, () => `${show(text)} matches ${pattern}`);
}

export function throws(act: () => unknown, expected?: Expected | string, message?: Message): void {
  let thrown: { readonly error: unknown } | undefined;
  try {
    act();
  } catch (error) {
    thrown = { error };
  }
  checkThrown(thrown, expected, message);
}

export function doesNotThrow(act: () => unknown): void {
  act();
}

export async function rejects(
  act: PromiseLike<unknown> | (() => PromiseLike<unknown>),
  expected?: Expected | string,
  message?: Message,
): Promise<void> {
  let thrown: { readonly error: unknown } | undefined;
  // What throws where it should give a promise is a failure of its own.
  const promise = typeof act === "function" ? act() : act;
  try {
    await promise;
  } catch (error) {
    thrown = { error };
  }
  checkThrown(thrown, expected, message);
}

function checkThrown(
  thrown: { readonly error: unknown } | undefined,
  expected: Expected | string | undefined,
  message: Message,
): void {
  const text = typeof expected === "string" ? expected : message;
  if (thrown === undefined) refuse(text, () => "nothing was thrown");
  const { error } = thrown;
  if (expected === undefined || typeof expected === "string") return;
  if (isExpected(error, expected)) return;
  // Like Node, which shows the error that came instead.
  if (typeof expected === "function" && text === undefined) throw error;
  refuse(text, () => `${show(error)} was thrown, and not what ${show(expected)} says`);
}

function isExpected(error: unknown, expected: Expected): boolean {
  if (expected instanceof RegExp) return expected.test(String(error));
  if (isErrorClass(expected)) return error instanceof expected;
  if (isCheck(expected)) return expected(error) === true;
  return Object.entries(expected).every(([key, value]) => hasLike(error, key, value));
}

function isCheck(expected: Expected): expected is Check {
  return typeof expected === "function";
}

function isErrorClass(expected: Expected): expected is ErrorClass {
  return expected === Error || Object.prototype.isPrototypeOf.call(Error, expected);
}

function hasLike(error: unknown, key: string, expected: unknown): boolean {
  if (typeof error !== "object" || error === null || !(key in error)) return false;
  const actual: unknown = Reflect.get(error, key);
  if (expected instanceof RegExp && typeof actual === "string") return expected.test(actual);
  return isDeepEqual(actual, expected);
}

/** As Node's strict comparison: prototypes and own enumerable properties count, their order does not. */
export function isDeepEqual(a: unknown, b: unknown, within: readonly object[] = []): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  // A circle is equal to one of the same shape.
  if (within.includes(a)) return true;
  const inside = [...within, a];
  const same = (x: unknown, y: unknown) => isDeepEqual(x, y, inside);
  if (!isSameInside(a, b, same)) return false;
  const keys = keysOf(a);
  return (
    keys.length === keysOf(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && same(Reflect.get(a, key), Reflect.get(b, key)))
  );
}

/** Compares what is no property. */
function isSameInside(a: object, b: object, same: (x: unknown, y: unknown) => boolean): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length;
  if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime());
  if (a instanceof RegExp && b instanceof RegExp) return String(a) === String(b);
  if (a instanceof Error && b instanceof Error) {
    return a.name === b.name && a.message === b.message && same(a.cause, b.cause);
  }
  if (a instanceof Map && b instanceof Map) {
    return (
      a.size === b.size && [...a].every(([key, value]) => b.has(key) && same(value, b.get(key)))
    );
  }
  if (a instanceof Set && b instanceof Set) {
    return a.size === b.size && [...a].every((each) => [...b].some((other) => same(each, other)));
  }
  if (a instanceof String || a instanceof Number || a instanceof Boolean) {
    return Object.is(a.valueOf(), b.valueOf());
  }
  return true;
}

function keysOf(value: object): PropertyKey[] {
  return Reflect.ownKeys(value).filter((key) =>
    Object.prototype.propertyIsEnumerable.call(value, key),
  );
}

const LONGEST = 2000;

function show(value: unknown): string {
  if (value instanceof Error) return String(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null || value instanceof RegExp) {
    return typeof value === "string" ? JSON.stringify(value).slice(0, LONGEST) : String(value);
  }
  try {
    return JSON.stringify(value, (_, inner) =>
      typeof inner === "bigint" ? `${inner}n` : inner,
    ).slice(0, LONGEST);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

const methods = {
  AssertionError,
  deepEqual,
  doesNotMatch,
  doesNotThrow,
  equal,
  fail,
  match,
  notDeepEqual,
  notEqual,
  ok,
  rejects,
  throws,
};

const assert: typeof ok & typeof methods = Object.assign(
  (value: unknown, message?: Message): asserts value => ok(value, message),
  methods,
);

export { assert as default };
