import type { SessionRecord } from "../core/repository.ts";

const PLACES = 4096;

/** Spread, so that positions at regular distances do not share a few places. */
const placeOf = (at: number): number => (Math.imul(at, 0x9e3779b1) >>> 16) % PLACES;

/** Records as they are handed out, of sessions in use: a request reads one, and often writes it, and comes soon again. */
export class RecentRecords {
  readonly #texts: (string | undefined)[] = Array.from({ length: PLACES });
  readonly #records: (SessionRecord | undefined)[] = Array.from({ length: PLACES });

  /** @param text What is kept of the record: another one means that it has been written, or is another record's. */
  get(at: number, text: string): SessionRecord | undefined {
    const place = placeOf(at);
    return this.#texts[place] === text ? this.#records[place] : undefined;
  }

  /** @returns The record, frozen: so it can be handed out more than once. */
  set(at: number, text: string, record: SessionRecord): SessionRecord {
    const place = placeOf(at);
    this.#texts[place] = text;
    this.#records[place] = Object.freeze(record);
    return record;
  }
}
