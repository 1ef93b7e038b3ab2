const BITS = 12;
const LENGTH = 1 << BITS;
const LAST = LENGTH - 1;

type Page = Float64Array | Uint32Array;

/**
 * Numbers by position. They lie in pages, so that a million of them take no more than their own size, and adding one
 * never copies the others.
 */
export class Column {
  readonly #Page: new (
    length: number,
  ) => Page;
  readonly #pages: Page[] = [];

  /** @param Page What its numbers are: whole ones below 2³², or any. */
  constructor(Page: new (length: number) => Page) {
    this.#Page = Page;
  }

  /** Of a position that was set. */
  get(at: number): number {
    return this.#pages[at >>> BITS]?.[at & LAST] ?? 0;
  }

  /** @param at At most one more than the last position that was set. */
  set(at: number, value: number): void {
    const index = at >>> BITS;
    const page = this.#pages[index] ?? this.#added();
    page[at & LAST] = value;
  }

  /** Gives back what lies beyond `length` positions, but for one page: what was removed may be added again at once. */
  cut(length: number): void {
    const needed = (length >>> BITS) + 2;
    if (this.#pages.length > needed) this.#pages.length = needed;
  }

  #added(): Page {
    const page = new this.#Page(LENGTH);
    this.#pages.push(page);
    return page;
  }
}
