import type { SessionRecord } from "../core/repository.ts";
import { Column } from "./_memory-column.ts";

/** What of a record is not in its text: looked at for many records at a time, or written alone. */
export type Times = Pick<SessionRecord, "createdAt" | "expiresAt" | "endsAt">;

/** By record, its times side by side. */
export class TimesColumn {
  readonly #times = new Column(Float64Array);

  get(at: number): Times {
    const createdAt = this.#times.get(3 * at + 1);
    return { createdAt, expiresAt: this.expiresAt(at), endsAt: this.#times.get(3 * at + 2) };
  }

  expiresAt(at: number): number {
    return this.#times.get(3 * at);
  }

  set(at: number, { createdAt, expiresAt, endsAt }: Times): void {
    this.#times.set(3 * at, expiresAt);
    this.#times.set(3 * at + 1, createdAt);
    this.#times.set(3 * at + 2, endsAt);
  }

  /** @param last The last position: its record takes this one, where it is not the same. */
  remove(at: number, last: number): void {
    if (at !== last) this.set(at, this.get(last));
    this.#times.cut(3 * last);
  }
}
