import { Column } from "./_memory-column.ts";
import { hashOf, isOf } from "./_memory-text.ts";

/** In place of a position, which are counted from one here. */
const NONE = 0;

/**
 * Finds the position of a record by its handle. A `Map` would take some seventy bytes a record with its keys, and stand
 * still for a third of a second when it outgrows four million; this takes eight, and grows by one chain a record.
 *
 * A handle's chain is found by its hash (linear hashing): there are as many chains as records.
 */
export class HandleIndex {
  /** Of the records, each beginning with its handle. */
  readonly #texts: readonly string[];
  /** By chain, its first record. */
  readonly #first = new Column(Uint32Array);
  /** By record, the next one of its chain. */
  readonly #next = new Column(Uint32Array);
  #size = 0;
  /** The smallest row of ones that counts to the last chain. */
  #mask = 0;

  constructor(texts: readonly string[]) {
    this.#texts = texts;
  }

  /** -1 where there is none. */
  find(handle: string): number {
    if (this.#size === 0) return -1;
    let place = this.#first.get(this.#chainOf(handle));
    while (place !== NONE && !isOf(this.#texts[place - 1] ?? "", handle)) {
      place = this.#next.get(place - 1);
    }
    return place - 1;
  }

  /** Of the record at the position after the last one. */
  add(): void {
    const at = this.#size;
    this.#size += 1;
    if (at > this.#mask) this.#mask = this.#mask * 2 + 1;
    this.#first.set(at, NONE);
    if (at > 0) this.#split(at);
    this.#link(at, at);
  }

  /** Before its text is dropped. The last record takes its position, where it is not the last one itself. */
  remove(at: number): void {
    const last = this.#size - 1;
    this.#unlink(at);
    if (at !== last) {
      this.#unlink(last);
      this.#link(at, last);
    }
    if (last > 0) this.#merge(last);
    this.#size = last;
    if (last - 1 <= this.#mask >>> 1) this.#mask >>>= 1;
    this.#first.cut(last);
    this.#next.cut(last);
  }

  /** @param text The handle, or a text that begins with it. */
  #chainOf(text: string): number {
    const hash = hashOf(text);
    const chain = hash & this.#mask;
    // Until there is such a chain, its records are in the one that it is going to be split from.
    return chain < this.#size ? chain : hash & (this.#mask >>> 1);
  }

  /** Moves to a new chain what belongs there. */
  #split(chain: number): void {
    const from = chain & (this.#mask >>> 1);
    let place = this.#first.get(from);
    this.#first.set(from, NONE);
    while (place !== NONE) {
      const next = this.#next.get(place - 1);
      this.#link(place - 1, place - 1);
      place = next;
    }
  }

  /** Moves all of the last chain to the one that it was split from. */
  #merge(chain: number): void {
    const into = chain & (this.#mask >>> 1);
    let place = this.#first.get(chain);
    while (place !== NONE) {
      const next = this.#next.get(place - 1);
      this.#next.set(place - 1, this.#first.get(into));
      this.#first.set(into, place);
      place = next;
    }
  }

  /** @param from Where its text is. */
  #link(at: number, from: number): void {
    const chain = this.#chainOf(this.#texts[from] ?? "");
    this.#next.set(at, this.#first.get(chain));
    this.#first.set(chain, at + 1);
  }

  #unlink(at: number): void {
    const chain = this.#chainOf(this.#texts[at] ?? "");
    let place = this.#first.get(chain);
    if (place === at + 1) {
      this.#first.set(chain, this.#next.get(at));
      return;
    }
    while (this.#next.get(place - 1) !== at + 1) place = this.#next.get(place - 1);
    this.#next.set(place - 1, this.#next.get(at));
  }
}
