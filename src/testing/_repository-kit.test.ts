import assert from "node:assert/strict";
import type { Eventually } from "../core/promises.ts";
import type {
  RepositoryContext,
  SessionRecord,
  SessionRepository,
  UpdateContext,
} from "../core/repository.ts";

/** A correct repository. What is wrong with the broken ones below is all that they write themselves. */
export class MapRepository {
  readonly capabilities: SessionRepository["capabilities"] = {
    persistent: false,
    shared: false,
    atomic: true,
    expiry: "sweep",
  };
  readonly records = new Map<string, SessionRecord>();

  create(handle: string, record: SessionRecord, _: RepositoryContext): Eventually<boolean> {
    if (this.records.has(handle)) return false;
    this.records.set(handle, { ...record });
    return true;
  }

  read(handle: string, { now }: RepositoryContext): Eventually<SessionRecord | undefined> {
    const record = this.records.get(handle);
    return record && now < record.expiresAt ? { ...record } : undefined;
  }

  update(
    handle: string,
    version: number,
    record: SessionRecord,
    { now }: UpdateContext,
  ): Eventually<"updated" | "conflict" | "gone"> {
    const there = this.records.get(handle);
    if (there === undefined || there.expiresAt <= now) return "gone";
    if (there.version !== version) return "conflict";
    this.records.set(handle, { ...record });
    return "updated";
  }

  touch(handle: string, expiresAt: number, { now }: RepositoryContext): Eventually<boolean> {
    const there = this.records.get(handle);
    if (there === undefined || there.expiresAt <= now) return false;
    const end = Math.max(there.expiresAt, Math.min(expiresAt, there.endsAt));
    this.records.set(handle, { ...there, expiresAt: end });
    return true;
  }

  delete(handle: string, _: RepositoryContext): Eventually<boolean> {
    return this.records.delete(handle);
  }

  findBySubject(subject: string, { now }: RepositoryContext): Eventually<SessionRecord[]> {
    const all = [...this.records.values()].filter((record) => record.subject === subject);
    return all.filter(({ expiresAt }) => now < expiresAt).map((record) => ({ ...record }));
  }

  sweep(limit: number, { now }: RepositoryContext): Eventually<number> {
    const expired = [...this.records.values()].filter(({ expiresAt }) => expiresAt <= now);
    for (const { handle } of expired.slice(0, limit)) this.records.delete(handle);
    return Math.min(limit, expired.length);
  }
}

export type Change = (good: MapRepository) => Partial<SessionRepository>;

export function verbsOf(good: MapRepository): Required<SessionRepository> {
  return {
    capabilities: good.capabilities,
    create: (...args) => good.create(...args),
    read: (...args) => good.read(...args),
    update: (...args) => good.update(...args),
    touch: (...args) => good.touch(...args),
    delete: (...args) => good.delete(...args),
    findBySubject: (...args) => good.findBySubject(...args),
    sweep: (...args) => good.sweep(...args),
  };
}

export function changed(change: Change): SessionRepository {
  const good = new MapRepository();
  return { ...verbsOf(good), ...change(good) };
}

/** Gives way to whoever else is at work. */
export const pause = (): Promise<void> => Promise.resolve();

/** As over a network: what is done is done in one step, some time after it was asked for. */
export const remote: Change = (good) => ({
  create: async (...args) => pause().then(() => good.create(...args)),
  read: async (...args) => pause().then(() => good.read(...args)),
  update: async (...args) => pause().then(() => good.update(...args)),
  touch: async (...args) => pause().then(() => good.touch(...args)),
  delete: async (...args) => pause().then(() => good.delete(...args)),
  findBySubject: async (...args) => pause().then(() => good.findBySubject(...args)),
  sweep: async (...args) => pause().then(() => good.sweep(...args)),
});

/** Fails where the signal is aborted: before anything is done, or after all of it. */
export const cancelling: Change = (good) => ({
  create: (handle, record, context) => {
    context.signal.throwIfAborted();
    return good.create(handle, record, context);
  },
  read: async (handle, context) => {
    context.signal.throwIfAborted();
    return good.read(handle, context);
  },
  update: async (handle, version, record, context) => {
    const result = await good.update(handle, version, record, context);
    context.signal.throwIfAborted();
    return result;
  },
  touch: (handle, expiresAt, context) => {
    context.signal.throwIfAborted();
    return good.touch(handle, expiresAt, context);
  },
  delete: async (handle, context) => {
    const result = await good.delete(handle, context);
    context.signal.throwIfAborted();
    return result;
  },
  sweep: (limit, context) => {
    context.signal.throwIfAborted();
    return good.sweep(limit, context);
  },
});

/** Fails where it is asked for what the contract excludes. */
export const strict: Change = (good) => ({
  create: (handle, record, context) => {
    checkStored(handle, record, context);
    return good.create(handle, record, context);
  },
  read: (handle, context) => {
    checkCall(handle, context);
    return good.read(handle, context);
  },
  update: (handle, version, record, context) => {
    checkStored(handle, record, context);
    assert.equal(record.version, version + 1);
    const there = good.records.get(handle);
    if (there?.version === version) {
      const { subject, endsAt } = there;
      assert.deepEqual(context.before, { subject, endsAt });
    }
    return good.update(handle, version, record, context);
  },
  touch: (handle, expiresAt, context) => {
    checkCall(handle, context, expiresAt);
    return good.touch(handle, expiresAt, context);
  },
  delete: (handle, context) => {
    checkCall(handle, context);
    return good.delete(handle, context);
  },
  findBySubject: (subject, context) => {
    checkText(subject, 1024);
    return good.findBySubject(subject, context);
  },
  sweep: (limit, context) => {
    assert.ok(Number.isSafeInteger(limit) && limit > 0);
    return good.sweep(limit, context);
  },
});

function checkCall(handle: string, context: RepositoryContext, ...times: readonly number[]): void {
  assert.match(handle, /^[\w-]{21}[AQgw]$/);
  assert.ok(context.signal instanceof AbortSignal);
  for (const time of [context.now, ...times]) assert.ok(Number.isSafeInteger(time) && time >= 0);
}

function checkStored(handle: string, record: SessionRecord, context: RepositoryContext): void {
  const { createdAt, authenticatedAt = 0, expiresAt, endsAt } = record;
  checkCall(handle, context, createdAt, authenticatedAt, expiresAt, endsAt);
  assert.equal(record.handle, handle);
  assert.ok(context.now < expiresAt && expiresAt <= endsAt);
  assert.ok(Number.isSafeInteger(record.version) && record.version > 0);
  checkText(record.subject ?? "", 1024);
  checkText(record.label ?? "", 256);
  for (const text of [record.credentials, record.data, record.flash]) checkText(text, Infinity);
}

function checkText(text: string, longest: number): void {
  assert.ok(text.isWellFormed() && !text.includes("\0") && text.length <= longest);
}

/** Looks, and stores a moment later: whoever stored in between is overwritten. */
export const twoSteps: Change = (good) => ({
  create: async (handle, record) => {
    const taken = good.records.has(handle);
    await pause();
    if (!taken) good.records.set(handle, { ...record });
    return !taken;
  },
  update: async (handle, version, record, { now }) => {
    const there = good.records.get(handle);
    await pause();
    if (there === undefined || there.expiresAt <= now) return "gone";
    if (there.version !== version) return "conflict";
    good.records.set(handle, { ...record });
    return "updated";
  },
});

/** What a bridge to a store without compare-and-set and without an index has. */
export function bridge(): SessionRepository {
  const good = new MapRepository();
  const { findBySubject: _, sweep: __, ...verbs } = { ...verbsOf(good), ...twoSteps(good) };
  return { ...verbs, capabilities: { ...good.capabilities, atomic: false, expiry: "nothing" } };
}

/** Stores every record otherwise than it was given. */
export function storing(alter: (record: SessionRecord) => SessionRecord): Change {
  return (good) => ({
    create: (handle, record, context) => good.create(handle, alter(record), context),
    update: (handle, version, record, context) =>
      good.update(handle, version, alter(record), context),
  });
}

/** Stores every text of a record otherwise than it was given. */
export function storingTexts(alter: (text: string) => string): Change {
  return storing((record) => ({
    ...record,
    subject: record.subject && alter(record.subject),
    label: record.label && alter(record.label),
    credentials: alter(record.credentials),
    data: alter(record.data),
    flash: alter(record.flash),
  }));
}

/** Takes several handles for the same. */
export function confusing(same: (handle: string) => string): Change {
  return (good) => ({
    create: (handle, ...rest) => good.create(same(handle), ...rest),
    read: (handle, ...rest) => good.read(same(handle), ...rest),
    update: (handle, ...rest) => good.update(same(handle), ...rest),
    touch: (handle, ...rest) => good.touch(same(handle), ...rest),
    delete: (handle, ...rest) => good.delete(same(handle), ...rest),
  });
}

/** Finds by another rule. */
export function finding(
  rule: (record: SessionRecord, subject: string, now: number) => boolean,
  alter: (record: SessionRecord) => SessionRecord = (record) => ({ ...record }),
): Change {
  return (good) => ({
    findBySubject: (subject, { now }) =>
      [...good.records.values()].filter((record) => rule(record, subject, now)).map(alter),
  });
}

/** Keeps an index, written by `create` and `delete` and, if it differs from what was before, by `update`. */
export function indexed(differs: (before: SessionRecord, next: SessionRecord) => boolean): Change {
  return (good) => {
    const index = new Map<string, SessionRecord>();
    return {
      create: (handle, record, context) => {
        index.set(handle, record);
        return good.create(handle, record, context);
      },
      update: (handle, version, record, context) => {
        const there = good.records.get(handle);
        if (there !== undefined && differs(there, record)) index.set(handle, record);
        return good.update(handle, version, record, context);
      },
      findBySubject: (subject, { now }) =>
        [...good.records.values()].filter(
          (record) => index.get(record.handle)?.subject === subject && now < record.expiresAt,
        ),
    };
  };
}

/** Touches by another rule. */
export function touching(
  rule: (record: SessionRecord, expiresAt: number, now: number) => SessionRecord | undefined,
): Change {
  return (good) => ({
    touch: (handle, expiresAt, { now }) => {
      const there = good.records.get(handle);
      const next = there && rule(there, expiresAt, now);
      if (next !== undefined) good.records.set(handle, next);
      return next !== undefined;
    },
  });
}

/** Sweeps by another rule, and may count wrong. */
export function sweeping(
  rule: (record: SessionRecord, now: number) => boolean,
  count: (removed: number, limit: number) => number = (removed) => removed,
): Change {
  return (good) => ({
    sweep: (limit, { now }) => {
      const chosen = [...good.records.values()].filter((record) => rule(record, now));
      for (const { handle } of chosen.slice(0, limit)) good.records.delete(handle);
      return count(Math.min(limit, chosen.length), limit);
    },
  });
}

/** Updates also where it should not. */
export function updating(
  rule: (version: number, there: SessionRecord | undefined) => boolean,
): Change {
  return (good) => ({
    update: (handle, version, record, context) => {
      if (!rule(version, good.records.get(handle))) {
        return good.update(handle, version, record, context);
      }
      good.records.set(handle, { ...record });
      return "updated";
    },
  });
}

/** Updates also where it says that it did not. */
export function storingAllTheSame(answer: "conflict" | "gone"): Change {
  return (good) => ({
    update: async (handle, version, record, context) => {
      const result = await good.update(handle, version, record, context);
      if (result === answer) good.records.set(handle, { ...record });
      return result;
    },
  });
}

/** Keeps something of the record that is there, where an update should replace it. */
export function keeping(
  kept: (there: SessionRecord, next: SessionRecord) => Partial<SessionRecord>,
): Change {
  return (good) => ({
    update: (handle, version, record, context) => {
      const there = good.records.get(handle) ?? record;
      return good.update(handle, version, { ...record, ...kept(there, record) }, context);
    },
  });
}
