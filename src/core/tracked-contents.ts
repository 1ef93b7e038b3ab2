import type { Change, Contents } from "./changes.ts";
import type { Codec } from "./codec.ts";
import { assign, type Values } from "./json.ts";

/** A session's contents, and the record of what a request did to them. */
export class TrackedContents {
  readonly #codec: Codec;
  #data: Values;
  /** Left by an earlier request: visible now. */
  #arrived: Values;
  /** Left by this request: visible to a later one. */
  #leaving: Values = {};
  #read: Set<string> | undefined;
  #log: Change[] = [];
  #conversion: Change[] = [];
  /** Objects that were handed out, as they were then: they may be changed in place. */
  #handedOut: Map<string, string> | undefined;

  /** @param data Shared with nobody, as `flash` is. */
  constructor(codec: Codec, data: Values, flash: Values) {
    this.#codec = codec;
    this.#data = data;
    this.#arrived = flash;
  }

  get(key: string): unknown {
    if (Object.hasOwn(this.#arrived, key)) return this.#readFlash(key);
    if (!Object.hasOwn(this.#data, key)) return undefined;
    const value = this.#data[key];
    if (typeof value === "object" && value !== null) this.#handOut(key, value);
    return value;
  }

  #readFlash(key: string): unknown {
    this.#read ??= new Set();
    this.#read.add(key);
    return this.#arrived[key];
  }

  #handOut(key: string, value: object): void {
    this.#handedOut ??= new Map();
    if (!this.#handedOut.has(key)) this.#handedOut.set(key, this.#codec.print(value));
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#arrived, key) || Object.hasOwn(this.#data, key);
  }

  keys(): string[] {
    const keys = Object.keys(this.#data);
    for (const key of Object.keys(this.#arrived)) {
      if (!Object.hasOwn(this.#data, key)) keys.push(key);
    }
    return keys;
  }

  set(key: string, value: unknown): void {
    this.#codec.check(key, value);
    this.#forgetFlash(key);
    this.#handedOut?.delete(key);
    assign(this.#data, key, value);
    this.#log.push({ type: "set", key, value });
  }

  delete(key: string): boolean {
    if (!this.has(key) && !Object.hasOwn(this.#leaving, key)) return false;
    this.#forgetFlash(key);
    this.#handedOut?.delete(key);
    delete this.#data[key];
    this.#log.push({ type: "delete", key });
    return true;
  }

  modify(key: string, next: (current: unknown) => unknown): void {
    const { check, copy } = this.#codec;
    const known = Object.hasOwn(this.#data, key);
    if (known && this.#handedOut?.has(key)) check(key, this.#data[key]);
    // A copy, because the function may run again on what was there before.
    const value = next(known ? copy(this.#data[key]) : undefined);
    check(key, value);
    this.#logInPlace(key);
    this.#forgetFlash(key);
    assign(this.#data, key, value);
    this.#log.push({ type: "modify", key, next });
    // From here on a change in place comes after the function, not before it.
    if (typeof value === "object" && value !== null) this.#handOut(key, value);
  }

  flash(key: string, value: unknown): void {
    this.#codec.check(key, value);
    assign(this.#leaving, key, value);
    this.#log.push({ type: "flash", key, value });
  }

  /** @param isStored Of another user: more may be stored by now than is seen here, so clearing nothing is a change, too. */
  clear(isStored = false): void {
    const isEmpty = this.keys().length === 0 && Object.keys(this.#leaving).length === 0;
    if (isEmpty && !isStored) return;
    this.#empty();
    this.#log.push({ type: "clear" });
  }

  /** Keeps what is named and drops the rest. What is kept is what is stored by then, which may not be what is seen here. */
  keepOnly(keys: readonly string[]): void {
    const kept = new Set(keys);
    for (const key of kept) {
      if (Object.hasOwn(this.#data, key)) this.#codec.check(key, this.#data[key]);
    }
    for (const values of [this.#data, this.#arrived, this.#leaving]) {
      for (const key of Object.keys(values)) if (!kept.has(key)) delete values[key];
    }
    for (const key of [...(this.#handedOut?.keys() ?? [])]) {
      if (!kept.has(key)) this.#handedOut?.delete(key);
    }
    this.#log.push({ type: "keep", keys: [...kept] });
  }

  /** Starts anew, as if nothing had been there and nothing had been done. */
  reset(): void {
    this.#empty();
    this.#log = [];
    this.#conversion = [];
  }

  /**
   * Takes over a copy of what a schema made of the data. Not a change by itself, but it goes before the first: a store
   * that applies changes to what it holds would otherwise apply them to data that nobody has seen.
   */
  convert(data: object): void {
    const { copyAll, equal } = this.#codec;
    const converted = copyAll(data);
    for (const key of Object.keys(this.#data)) {
      if (!Object.hasOwn(converted, key))
        this.#conversion.push({ type: "delete", key, inPlace: true });
    }
    for (const [key, value] of Object.entries(converted)) {
      if (Object.hasOwn(this.#data, key) && equal(this.#data[key], value)) continue;
      this.#conversion.push({ type: "set", key, value: this.#codec.copy(value), inPlace: true });
    }
    this.#data = converted;
  }

  /** Whether nothing is left to store: what was read of the flash values is not. */
  get isEmpty(): boolean {
    return (
      Object.keys(this.#data).length === 0 &&
      Object.keys(this.#leaving).length === 0 &&
      Object.keys(this.#arrived).every((key) => this.#read?.has(key))
    );
  }

  /**
   * In order. Reading a flash value comes first, so that it does not take away what was flashed anew; changes in place,
   * which nobody saw happen, come last.
   */
  get changes(): readonly Change[] {
    const inPlace = this.#changedInPlace();
    const reads = [...(this.#read ?? [])].map((key): Change => ({ type: "flash-read", key }));
    const made = [...this.#log, ...inPlace];
    return made.length === 0 ? reads : [...reads, ...this.#conversion, ...made];
  }

  get isChanged(): boolean {
    return this.#log.length > 0 || this.#read !== undefined || this.#changedInPlace().length > 0;
  }

  /** Whether flash values were read, and nothing else was done. */
  get isOnlyRead(): boolean {
    return (
      this.#read !== undefined && this.#log.length === 0 && this.#changedInPlace().length === 0
    );
  }

  #changedInPlace(): Change[] {
    const changes: Change[] = [];
    for (const [key, before] of this.#handedOut ?? []) {
      const value = this.#data[key];
      if (this.#codec.print(value) !== before)
        changes.push({ type: "set", key, value, inPlace: true });
    }
    return changes;
  }

  /** Refuses what was put into the contents in place and cannot be kept. */
  checkInPlace(): void {
    for (const [key, before] of this.#handedOut ?? []) this.#checkHandedOut(key, before);
    for (const change of this.#log) {
      if (change.type !== "set" && change.type !== "flash") continue;
      if (typeof change.value === "object") this.#codec.check(change.key, change.value);
    }
  }

  #checkHandedOut(key: string, before: string): void {
    const { check, checkKind, print } = this.#codec;
    const value = this.#data[key];
    try {
      check(key, value);
    } catch (error) {
      // Whoever wrote it has other limits: it is no fault of a request that has only read it. What prints alike may
      // still be another thing, such as NaN in the place of null.
      if (print(value) !== before) throw error;
      checkKind(key, value);
    }
  }

  /** What is to be stored: the data, and the flash values that nobody has read. */
  get contents(): Contents {
    const flash: Values = {};
    for (const key of Object.keys(this.#arrived)) {
      if (!this.#read?.has(key)) assign(flash, key, this.#arrived[key]);
    }
    for (const key of Object.keys(this.#leaving)) assign(flash, key, this.#leaving[key]);
    return { data: this.#data, flash };
  }

  #logInPlace(key: string): void {
    const before = this.#handedOut?.get(key);
    if (before === undefined) return;
    this.#handedOut?.delete(key);
    const value = this.#data[key];
    if (this.#codec.print(value) === before) return;
    this.#codec.check(key, value);
    this.#log.push({ type: "set", key, value: this.#codec.copy(value), inPlace: true });
  }

  #forgetFlash(key: string): void {
    delete this.#arrived[key];
    delete this.#leaving[key];
  }

  #empty(): void {
    this.#data = {};
    this.#arrived = {};
    this.#leaving = {};
    this.#read = undefined;
    this.#handedOut = undefined;
  }
}
