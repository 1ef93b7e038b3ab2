import type { SessionRepository } from "keepsake";
import { TIME_LIMIT } from "./failing-client.ts";

export type Verb = Exclude<keyof SessionRepository, "capabilities">;

export const WRITES: readonly Verb[] = ["create", "update", "touch", "delete"];

/** Decides what becomes of a call. `perform` does it. */
export type Around = <Answer>(
  verb: Verb,
  perform: () => Answer | Promise<Answer>,
) => Answer | Promise<Answer>;

/** A repository whose calls can be watched, made to fail, and repeated. */
export function intercepted(inner: SessionRepository, around: Around): SessionRepository {
  return {
    capabilities: inner.capabilities,
    create: (...args) => around("create", () => inner.create(...args)),
    read: (...args) => around("read", () => inner.read(...args)),
    update: (...args) => around("update", () => inner.update(...args)),
    touch: (...args) => around("touch", () => inner.touch(...args)),
    delete: (...args) => around("delete", () => inner.delete(...args)),
    findBySubject: (...args) => around("findBySubject", () => inner.findBySubject?.(...args) ?? []),
    sweep: (...args) => around("sweep", () => inner.sweep?.(...args) ?? 0),
  };
}

/** How a repository of one's own may fail, in the process itself. */
export const REPOSITORY_FAILURES = [
  "throws",
  "rejects",
  "hangs",
  "answers nonsense",
  "answers late",
] as const;

export type RepositoryFailure = (typeof REPOSITORY_FAILURES)[number];

/** The failure of this name. */
export function failureNamed<Name extends string>(names: readonly Name[], name: string): Name {
  const found = names.find((each) => each === name);
  if (found === undefined) throw new Error(`nothing here fails like that: ${name}`);
  return found;
}

/** Milliseconds: longer than a store waits. */
const LATE = 1700 * TIME_LIMIT;

/** Does a call that fails. What answers late has been done at once. */
export function failing<Answer>(
  failure: RepositoryFailure,
  perform: () => Answer | Promise<Answer>,
): Answer | Promise<Answer> {
  switch (failure) {
    case "throws":
      throw new Error("the repository throws");
    case "rejects":
      return Promise.reject(new Error("the repository rejects"));
    case "hangs":
      return new Promise(() => undefined);
    case "answers nonsense":
      return JSON.parse('{ "handle": 1, "version": "x" }');
    case "answers late": {
      const answer = perform();
      return new Promise((resolve) => setTimeout(() => resolve(answer), LATE));
    }
  }
}
