import { DAY, isOneOf, NOW, nextOf, type RepositoryCase } from "./_repository-scene.ts";
import { equal, ok } from "./check.ts";

/** Whether a repository cancels is its own affair: a verb may do what it does, or fail, but nothing by halves. */
const aborted = {
  now: NOW,
  // Made when it is asked for: a worker makes none while a module is loaded.
  get signal(): AbortSignal {
    return AbortSignal.abort();
  },
};

export const abortCases: readonly RepositoryCase[] = [
  [
    "an aborted signal: create stores the record or fails, and makes no other",
    async (scene) => {
      const record = scene.newRecord();
      scene.willClear(record.handle);
      const made = await attempt(() => scene.repository.create(record.handle, record, aborted));
      ok(made === true || made === FAILED, `create under a free handle is ${String(made)}`);
      const read = await scene.read(record.handle);
      ok(isOneOf(read, made === true ? [record] : [record, undefined]), "what is there now");
      equal(await scene.delete(record.handle), read !== undefined, "delete of what is there");
      equal(await scene.create(record), true, "create without that signal");
    },
  ],
  [
    "an aborted signal: read and findBySubject give what is there, or fail",
    async (scene) => {
      const subject = scene.newSubject();
      const record = await scene.hold({ subject });
      const read = await attempt(() => scene.repository.read(record.handle, aborted));
      ok(typeof read === "symbol" || isOneOf(read, [record]), "what was read");
      const found = await attempt(() => scene.repository.findBySubject?.(subject, aborted));
      ok(
        typeof found === "symbol" ||
          found === undefined ||
          (found.length === 1 && isOneOf(found[0], [record])),
        "what was found",
      );
      await scene.expectRead(record.handle, record, "without that signal");
      if (found !== undefined) await scene.expectFound(subject, [record], "without that signal");
    },
  ],
  [
    "an aborted signal: update replaces the record or fails, and leaves nothing between the two",
    async (scene) => {
      const { repository } = scene;
      const subject = scene.newSubject();
      const before = await scene.hold({ subject });
      const next = nextOf(before, { subject: scene.newSubject(), label: "new", data: "new" });
      const context = { ...aborted, before: { subject, endsAt: before.endsAt } };
      const changed = await attempt(() => repository.update(before.handle, 1, next, context));
      ok(changed === "updated" || changed === FAILED, `update is ${String(changed)}`);
      const read = await scene.read(before.handle);
      ok(isOneOf(read, changed === "updated" ? [next] : [before, next]), "what is there now");
      const there = isOneOf(read, [next]) ? next : before;
      await scene.change(there, { data: "an update without that signal" });
    },
  ],
  [
    "an aborted signal: touch moves the end or fails, delete removes the record or fails",
    async (scene) => {
      const { repository } = scene;
      const record = await scene.hold();
      const later = { ...record, expiresAt: NOW + 2 * DAY };
      const touched = await attempt(() =>
        repository.touch(record.handle, later.expiresAt, aborted),
      );
      ok(touched === true || touched === FAILED, `touch is ${String(touched)}`);
      const read = await scene.read(record.handle);
      ok(isOneOf(read, touched === true ? [later] : [record, later]), "what is there after touch");

      const removed = await attempt(() => repository.delete(record.handle, aborted));
      ok(removed === true || removed === FAILED, `delete is ${String(removed)}`);
      const left = await scene.read(record.handle);
      ok(isOneOf(left, removed === true ? [undefined] : [read, undefined]), "after delete");
      equal(await scene.delete(record.handle), left !== undefined, "delete without that signal");
    },
  ],
  [
    "an aborted signal: sweep removes what has expired or fails, and nothing else",
    async (scene) => {
      const record = await scene.hold();
      // At the epoch nothing of anyone else's has expired either.
      const swept = await attempt(() => scene.repository.sweep?.(10, { ...aborted, now: 0 }));
      ok(swept === undefined || swept === FAILED || swept === 0, `sweep is ${String(swept)}`);
      await scene.expectRead(record.handle, record, "after sweep");
    },
    "sweep",
  ],
];

const FAILED = Symbol("failed");

async function attempt<Result>(act: () => Result | Promise<Result>): Promise<Result | symbol> {
  try {
    return await act();
  } catch {
    return FAILED;
  }
}
