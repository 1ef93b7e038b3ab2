import { Column } from "./_memory-column.ts";

/** In place of a position, which are counted from one here. */
const NONE = 0;

/** The order in which records were last used. */
export class Recency {
  /** By record, the one that was used before it and, beside that, the one that was used after it. */
  readonly #links = new Column(Uint32Array);
  #oldest = NONE;
  #newest = NONE;

  /** -1 where there are none. */
  get oldest(): number {
    return this.#oldest - 1;
  }

  /** The record at a new position, or one that was taken out, is the newest. */
  add(at: number): void {
    this.#links.set(2 * at, this.#newest);
    this.#links.set(2 * at + 1, NONE);
    this.#follow(this.#newest, at + 1);
    this.#newest = at + 1;
  }

  use(at: number): void {
    if (this.#newest === at + 1) return;
    this.#takeOut(at);
    this.add(at);
  }

  /** @param last The last position: its record takes this one, where it is not the same. */
  remove(at: number, last: number): void {
    this.#takeOut(at);
    if (at !== last) {
      const [older, newer] = [this.#links.get(2 * last), this.#links.get(2 * last + 1)];
      this.#links.set(2 * at, older);
      this.#links.set(2 * at + 1, newer);
      this.#follow(older, at + 1);
      this.#precede(newer, at + 1);
    }
    this.#links.cut(2 * last);
  }

  #takeOut(at: number): void {
    const [older, newer] = [this.#links.get(2 * at), this.#links.get(2 * at + 1)];
    this.#follow(older, newer);
    this.#precede(newer, older);
  }

  #follow(place: number, newer: number): void {
    if (place === NONE) this.#oldest = newer;
    else this.#links.set(2 * (place - 1) + 1, newer);
  }

  #precede(place: number, older: number): void {
    if (place === NONE) this.#newest = older;
    else this.#links.set(2 * (place - 1), older);
  }
}
