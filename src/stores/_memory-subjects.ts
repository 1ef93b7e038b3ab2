import type { SessionRecord } from "../core/repository.ts";

type Entry = Pick<SessionRecord, "handle" | "subject">;

/** The handles of each subject's records. Most subjects have one, which takes no `Set`. */
export class SubjectIndex {
  readonly #handlesOf = new Map<string, string | Set<string>>();

  handlesOf(subject: string): Iterable<string> {
    const found = this.#handlesOf.get(subject) ?? [];
    return typeof found === "string" ? [found] : found;
  }

  /** A record is replaced by its next version, is new, or is removed. */
  replace(before: Entry | undefined, after: Entry | undefined): void {
    if (before?.subject === after?.subject) return;
    if (before?.subject !== undefined) this.#delete(before.subject, before.handle);
    if (after?.subject !== undefined) this.#add(after.subject, after.handle);
  }

  #add(subject: string, handle: string): void {
    const found = this.#handlesOf.get(subject);
    if (found === undefined) this.#handlesOf.set(copyOf(subject), copyOf(handle));
    else if (typeof found !== "string") found.add(copyOf(handle));
    else if (found !== handle) this.#handlesOf.set(subject, new Set([found, copyOf(handle)]));
  }

  #delete(subject: string, handle: string): void {
    const found = this.#handlesOf.get(subject);
    if (found === handle) this.#handlesOf.delete(subject);
    if (!(found instanceof Set)) return;
    found.delete(handle);
    if (found.size === 0) this.#handlesOf.delete(subject);
  }
}

/** What was cut out of a longer text, as a cookie or a record, keeps all of that alive. */
function copyOf(text: string): string {
  return [text.slice(0, 1), text.slice(1)].join("");
}
