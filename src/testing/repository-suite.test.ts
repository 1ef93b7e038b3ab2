import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { repositorySuite } from "keepsake/testing";
import type { SessionRecord, SessionRepository } from "../core/repository.ts";
import {
  bridge,
  type Change,
  cancelling,
  changed,
  confusing,
  finding,
  indexed,
  keeping,
  MapRepository,
  pause,
  remote,
  storing,
  storingAllTheSame,
  storingTexts,
  strict,
  sweeping,
  touching,
  twoSteps,
  updating,
} from "./_repository-kit.test.ts";
import { storeCases } from "./_store-all-cases.ts";

describe("The suite holds for a repository", () => {
  const correct: Record<string, () => SessionRepository> = {
    "that answers at once": () => new MapRepository(),
    "that answers later": () => changed(remote),
    "that fails for what the contract excludes": () => changed(strict),
    "that fails for an aborted signal": () => changed(cancelling),
    "without compare-and-set and optional verbs, which says so": bridge,
  };
  for (const [kind, createRepository] of Object.entries(correct)) {
    describe(kind, () => {
      for (const { name, run } of repositorySuite({ createRepository })) test(name, run);
    });
  }

  test("that is given and taken back once for each case, also where that fails", async () => {
    const given: SessionRepository[] = [];
    const taken: SessionRepository[] = [];
    const suite = repositorySuite({
      createRepository: () => {
        const repository = changed(() => ({ create: () => false }));
        given.push(repository);
        return repository;
      },
      close: (repository) => void taken.push(repository),
    });
    const results = await Promise.allSettled(suite.map(({ run }) => run()));
    assert.ok(results.some(({ status }) => status === "rejected"));
    assert.equal(given.length, suite.length);
    assert.deepEqual(new Set(taken), new Set(given));
  });

  test("that is shared by all cases, and leaves nothing in it", async () => {
    const repository = new MapRepository();
    for (const { run } of repositorySuite({ createRepository: () => repository })) await run();
    assert.equal(repository.records.size, 0);
  });
});

const AWKWARD = ["create, read: awkward text", "update, read: awkward text"];
const SHARED = ["create, update, read, findBySubject: nobody holds what is stored"];

/** Takes subjects of one form for the same. */
function similar(form: (subject: string) => string): readonly [readonly string[], Change] {
  const rule = (record: SessionRecord, subject: string, now: number) =>
    form(record.subject ?? "") === form(subject) && now < record.expiresAt;
  return [["findBySubject: subjects are exact"], finding(rule)];
}

/** What is wrong, how the names of the cases begin that must say so, one at least for each, and how it is done. */
const BROKEN: Record<string, readonly [cases: readonly string[], change: Change]> = {
  "a sweep that is not declared": [
    ["capabilities"],
    ({ capabilities }) => ({ capabilities: { ...capabilities, expiry: "nothing" } }),
  ],

  "create overwrites": [
    ["create: a handle that is taken", "create: of 50", "a random walk"],
    ({ records }) => ({ create: (handle, record) => records.set(handle, { ...record }) !== null }),
  ],
  "create overwrites and is false": [
    ["create: a handle that is taken"],
    (good) => ({
      create: (handle, record, context) =>
        good.create(handle, record, context) || !good.records.set(handle, { ...record }),
    }),
  ],
  "create and update in two steps": [["update: of 50", "update: 20", "create: of 50"], twoSteps],
  "create mixes what comes at the same time": [
    ["create, read: 50 records"],
    (good) => {
      let latest: SessionRecord;
      return {
        create: async (handle, record, context) => {
          latest = record;
          await pause();
          return good.create(handle, { ...latest, handle }, context);
        },
      };
    },
  ],
  "create over an expired record is true, and leaves it": [
    ["create: where an expired record lies"],
    (good) => ({
      create: async (handle, record, context) =>
        (await good.create(handle, record, context)) ||
        (good.records.get(handle)?.expiresAt ?? 0) <= context.now,
    }),
  ],

  "handles without case": [["handles are exact"], confusing((handle) => handle.toLowerCase())],
  "handles of 16 characters": [["handles are exact"], confusing((handle) => handle.slice(0, 16))],
  "handles of 21 characters": [["handles are exact"], confusing((handle) => handle.slice(0, 21))],
  "handles in standard base64": [
    ["handles are exact"],
    confusing((handle) => handle.replaceAll("_", "-")),
  ],
  "handles as patterns": [
    ["handles are exact"],
    (good) => ({
      read: (handle, context) => {
        const pattern = new RegExp(`^${handle.replaceAll("_", ".")}$`);
        const found = [...good.records.keys()].find((key) => pattern.test(key));
        return good.read(found ?? handle, context);
      },
    }),
  ],

  "read of an unknown handle is null": [
    ["read: a handle that nobody has"],
    (good) => ({
      read: async (handle, context) => (await good.read(handle, context)) ?? JSON.parse("null"),
    }),
  ],
  "read by expiresAt < now": [
    ["read: a record is there until", "expired is decided"],
    (good) => ({ read: (handle, { now, signal }) => good.read(handle, { now: now - 1, signal }) }),
  ],
  "read ignores expiry": [
    ["read: a record is there until", "expired is decided", "update: the end", "a random walk"],
    (good) => ({ read: (handle, { signal }) => good.read(handle, { now: -Infinity, signal }) }),
  ],
  "read by the machine's clock": [
    [2001, 2019, 9998].map(
      (year) => `expired is decided by the time that is given: a whole life in the year ${year}`,
    ),
    (good) => ({ read: (handle, { signal }) => good.read(handle, { now: Date.now(), signal }) }),
  ],

  "update fails where it was overtaken": [
    ["update: of 50", "update: 50", "update: a version", "update: the version that was"],
    (good) => ({
      update: async (...args) => {
        const result = await good.update(...args);
        if (result === "conflict") throw new Error("could not serialize access");
        return result;
      },
    }),
  ],
  "update is a conflict, and stores": [
    ["update: 50", "update: a version", "findBySubject: a create or update that"],
    storingAllTheSame("conflict"),
  ],
  "update of an older version": [
    ["update: of 50", "update: a version", "update: the version that was", "a random walk"],
    updating((version, there) => there !== undefined && version < there.version),
  ],
  "update of a newer version": [
    ["update: a version", "a random walk"],
    updating((version, there) => there !== undefined && version > there.version),
  ],
  "update without comparing": [
    ["update: of 50", "update: 20", "update: a version", "update: the version that was"],
    updating((_, there) => there !== undefined),
  ],
  "update makes what is missing": [
    ["update: a record that is not there", "delete: true, then false", "delete: beside"],
    updating((_, there) => there === undefined),
  ],
  "update of an expired record works": [
    ["update: an expired record", "expired is decided", "a random walk"],
    (good) => ({
      update: (handle, version, record, { before, signal }) =>
        good.update(handle, version, record, { before, signal, now: 0 }),
    }),
  ],
  "update is gone, and stores": [
    ["update: an expired record", "update: a record that is not there"],
    storingAllTheSame("gone"),
  ],
  "update keeps the subject": [
    ["update: the version that is stored", "findBySubject: a record moves", "a random walk"],
    keeping((there) => ({ subject: there.subject })),
  ],
  "update keeps what it should clear": [
    ["update: the version that is stored", "a random walk"],
    keeping((there, next) => ({ label: next.label ?? there.label })),
  ],
  "update keeps createdAt": [
    ["update: the version that is stored"],
    keeping(({ createdAt }) => ({ createdAt })),
  ],
  "update never moves the end back": [
    ["update: the end", "update: the version that is stored", "touch: beside an update"],
    keeping((there, next) => ({
      expiresAt: Math.max(there.expiresAt, next.expiresAt, next.endsAt),
    })),
  ],
  "update keeps endsAt": [
    ["touch: endsAt is the one", "touch: beside an update"],
    keeping(({ endsAt }) => ({ endsAt })),
  ],

  "touch brings back": [
    ["touch: an expired record", "expired is decided", "a random walk"],
    touching((there, expiresAt) => ({ ...there, expiresAt: Math.max(there.expiresAt, expiresAt) })),
  ],
  "touch moves back": [
    ["touch: an earlier time", "a random walk"],
    touching((there, expiresAt, now) =>
      now < there.expiresAt
        ? { ...there, expiresAt: Math.min(expiresAt, there.endsAt) }
        : undefined,
    ),
  ],
  "touch to an earlier time is false": [
    ["touch: an earlier time", "a random walk"],
    touching((there, expiresAt, now) =>
      now < there.expiresAt && expiresAt > there.expiresAt ? { ...there, expiresAt } : undefined,
    ),
  ],
  "touch goes past endsAt": [
    ["touch: never past endsAt", "touch: endsAt is the one", "a random walk"],
    touching((there, expiresAt, now) =>
      now < there.expiresAt
        ? { ...there, expiresAt: Math.max(there.expiresAt, expiresAt) }
        : undefined,
    ),
  ],
  "touch is a new version": [
    ["touch: the version stays", "touch: a later time"],
    touching((there, expiresAt, now) =>
      now < there.expiresAt ? { ...there, expiresAt, version: there.version + 1 } : undefined,
    ),
  ],
  "touch answers and moves nothing": [
    ["touch: a later time", "sweep: a record that has not expired"],
    touching((there, _, now) => (now < there.expiresAt ? there : undefined)),
  ],
  "touch makes what is missing": [
    ["touch: a record that is not there", "delete: true, then false"],
    (good) => ({
      touch: async (handle, expiresAt, context) => {
        if (await good.touch(handle, expiresAt, context)) return true;
        const credentials = "";
        const empty = { version: 1, subject: undefined, label: undefined, credentials };
        const times = { createdAt: 0, authenticatedAt: undefined, expiresAt, endsAt: expiresAt };
        return good.create(handle, { ...empty, ...times, handle, data: "", flash: "" }, context);
      },
    }),
  ],
  "touch writes the whole record back": [
    ["touch: beside an update", "delete: beside"],
    (good) => ({
      touch: async (handle, expiresAt, context) => {
        const there = await good.read(handle, context);
        await pause();
        if (there === undefined) return false;
        good.records.set(handle, {
          ...there,
          expiresAt: Math.max(there.expiresAt, Math.min(expiresAt, there.endsAt)),
        });
        return true;
      },
    }),
  ],

  "delete is always true": [
    ["delete: true, then false", "handles are exact", "a random walk"],
    (good) => ({ delete: (...args) => [good.delete(...args)].length > 0 }),
  ],
  "delete leaves the record": [
    ["delete: true, then false", "delete: beside", "findBySubject: a deleted record"],
    ({ records }) => ({ delete: (handle) => records.has(handle) }),
  ],
  "delete leaves an expired record": [
    ["create: where an expired record lies", "findBySubject: the handle of an expired record"],
    (good) => ({
      delete: async (handle, context) =>
        (await good.read(handle, context)) !== undefined && good.delete(handle, context),
    }),
  ],

  "what is left out is null": [
    ["create, read: every field", "update: the version that is stored"],
    storing((record) => JSON.parse(JSON.stringify(record, (_, value) => value ?? null))),
  ],
  "what is empty is left out": [
    ["create, update, read: empty text"],
    storing((record) => ({ ...record, label: record.label || undefined })),
  ],
  "0 is left out": [
    ["create, update, read: times"],
    storing((record) => ({ ...record, authenticatedAt: record.authenticatedAt || undefined })),
  ],
  "times in seconds": [
    ["create, update, read: times", "create, read: every field"],
    storing((record) => ({ ...record, createdAt: Math.floor(record.createdAt / 1000) * 1000 })),
  ],
  "times with 14 digits": [
    ["create, update, read: times"],
    storing((record) => ({ ...record, endsAt: Number(record.endsAt.toPrecision(14)) })),
  ],
  "versions of 32 bits": [
    ["create, update, read: versions"],
    storing((record) => ({ ...record, version: record.version | 0 })),
  ],
  "text without blanks around it": [AWKWARD, storingTexts((text) => text.trim())],
  "text in normal form": [AWKWARD, storingTexts((text) => text.normalize())],
  "text of the BMP": [
    AWKWARD,
    storingTexts((text) => text.replaceAll(/\p{Extended_Pictographic}/gu, "?")),
  ],
  "text that is unescaped": [AWKWARD, storingTexts((text) => text.replaceAll("\\\\", "\\"))],
  "text with line ends of its own": [
    AWKWARD,
    storingTexts((text) => text.replaceAll("\r\n", "\n")),
  ],
  "text without C1 controls": [AWKWARD, storingTexts((text) => text.replaceAll("\u0085", ""))],
  "numbers for text": [
    AWKWARD,
    storing((record) => {
      const number = Number(record.data);
      return Number.isNaN(number) ? record : { ...record, data: `${number}` };
    }),
  ],
  "JSON for text": [
    AWKWARD,
    storingTexts((text) => {
      try {
        return JSON.stringify(JSON.parse(text));
      } catch {
        return text;
      }
    }),
  ],
  "null for text": [
    AWKWARD,
    storing((record) => (record.label === "null" ? { ...record, label: undefined } : record)),
  ],
  "data of 64 KiB": [
    ["create, update, read: long data"],
    storing((record) => ({ ...record, data: record.data.slice(0, 64 * 1024) })),
  ],
  "labels of 255 characters": [
    ["create, update, read: the longest label"],
    storing((record) => ({ ...record, label: record.label?.slice(0, 255) })),
  ],
  "subjects of 1,023 characters": [
    ["create, update, read: the longest label", "findBySubject: any text"],
    storing((record) => ({ ...record, subject: record.subject?.slice(0, 1023) })),
  ],

  "create keeps the object": [
    SHARED,
    ({ records }) => ({
      create: (handle, record) => !records.has(handle) && Boolean(records.set(handle, record)),
    }),
  ],
  "update keeps the object": [
    SHARED,
    (good) => ({
      update: async (handle, version, record, context) => {
        const result = await good.update(handle, version, record, context);
        if (result === "updated") good.records.set(handle, record);
        return result;
      },
    }),
  ],
  "read hands out the object": [
    SHARED,
    (good) => ({
      read: async (handle, context) =>
        (await good.read(handle, context)) && good.records.get(handle),
    }),
  ],
  "findBySubject hands out the objects": [
    SHARED,
    finding(
      (record, subject) => record.subject === subject,
      (record) => record,
    ),
  ],
  "create writes into what it is given": [
    ["create, update: what is given"],
    storing((record) => Object.assign(record, { data: record.data })),
  ],

  "an aborted create stores half": [
    ["an aborted signal: create"],
    (good) => ({
      create: (handle, record, context) => {
        const { aborted } = context.signal;
        const created = good.create(handle, aborted ? { ...record, data: "" } : record, context);
        context.signal.throwIfAborted();
        return created;
      },
    }),
  ],
  "an aborted read gives nothing": [
    ["an aborted signal: read"],
    (good) => ({
      read: (handle, context) => (context.signal.aborted ? undefined : good.read(handle, context)),
    }),
  ],
  "an aborted findBySubject gives nothing": [
    ["an aborted signal: read"],
    (good) => ({
      findBySubject: (subject, context) =>
        context.signal.aborted ? [] : good.findBySubject(subject, context),
    }),
  ],
  "an aborted update stores half": [
    ["an aborted signal: update"],
    (good) => ({
      update: (handle, version, record, context) => {
        const { aborted } = context.signal;
        const half = aborted ? { ...record, version } : record;
        const result = good.update(handle, version, half, context);
        context.signal.throwIfAborted();
        return result;
      },
    }),
  ],
  "an aborted touch removes": [
    ["an aborted signal: touch"],
    (good) => ({
      touch: (handle, expiresAt, context) =>
        context.signal.aborted
          ? good.delete(handle, context)
          : good.touch(handle, expiresAt, context),
    }),
  ],
  "an aborted delete is false": [
    ["an aborted signal: touch"],
    (good) => ({
      delete: (handle, context) => !context.signal.aborted && good.delete(handle, context),
    }),
  ],
  "an aborted sweep removes everything": [
    ["an aborted signal: sweep"],
    (good) => ({
      sweep: (limit, context) =>
        good.sweep(limit, context.signal.aborted ? { ...context, now: Infinity } : context),
    }),
  ],

  "findBySubject finds everybody": [
    ["findBySubject: all", "findBySubject: subjects are exact", "a random walk"],
    finding(() => true),
  ],
  "findBySubject lists expired records": [
    ["findBySubject: a record is listed", "expired is decided", "a random walk"],
    finding((record, subject) => record.subject === subject),
  ],
  "findBySubject lists until endsAt": [
    ["findBySubject: a record is listed", "a random walk"],
    finding((record, subject, now) => record.subject === subject && now < record.endsAt),
  ],
  "findBySubject without case": similar((subject) => subject.toLowerCase()),
  "findBySubject without blanks at the end": similar((subject) => subject.trimEnd()),
  "findBySubject in normal form": similar((subject) => subject.normalize("NFC")),
  "findBySubject in compatible form": similar((subject) => subject.normalize("NFKC")),
  "findBySubject by a collation": similar((subject) =>
    subject.normalize("NFD").replaceAll(/\p{M}|\p{Cf}/gu, ""),
  ),
  "findBySubject by beginnings": [
    ["findBySubject: subjects are exact"],
    finding((record, subject) => record.subject?.startsWith(subject) === true),
  ],
  "findBySubject by patterns": [
    ["findBySubject: subjects are exact"],
    finding(
      ({ subject = "" }, wanted) =>
        subject.startsWith(wanted.replace(/[%*].*$/, "")) &&
        (/[%*]/.test(wanted) || subject === wanted),
    ),
  ],
  "findBySubject gives a part": [
    ["findBySubject: all"],
    finding(
      (record, subject, now) => record.subject === subject && now < record.expiresAt,
      (record) => ({ ...record, data: "" }),
    ),
  ],
  "findBySubject gives a page": [
    ["findBySubject: all"],
    (good) => ({
      findBySubject: async (subject, context) =>
        (await good.findBySubject(subject, context)).slice(0, 20),
    }),
  ],
  "findBySubject gives a record twice": [
    ["findBySubject: all"],
    (good) => ({
      findBySubject: async (subject, context) => {
        const found = await good.findBySubject(subject, context);
        return [...found, ...found];
      },
    }),
  ],
  "an index that update does not write": [
    ["findBySubject: a record moves", "findBySubject: records that get a subject"],
    indexed(() => false),
  ],
  "an index that update writes only where there was no subject": [
    ["findBySubject: a record moves"],
    indexed((before) => before.subject === undefined),
  ],
  "an index that is written though nothing else was": [
    ["findBySubject: a create or update that", "a random walk"],
    indexed((before, next) => before.subject !== next.subject),
  ],
  "an index that forgets at the first end": [
    ["findBySubject: a record whose ends", "findBySubject: a record is listed"],
    (good) => {
      const ends = new Map<string, number>();
      return {
        create: (handle, record, context) => {
          if (!good.records.has(handle)) ends.set(handle, record.expiresAt);
          return good.create(handle, record, context);
        },
        findBySubject: async (subject, context) =>
          (await good.findBySubject(subject, context)).filter(
            ({ handle }) => context.now < (ends.get(handle) ?? 0),
          ),
      };
    },
  ],
  "an index that keeps what was deleted": [
    ["findBySubject: a deleted record", "findBySubject: the handle of an expired record"],
    (good) => {
      const first = new Map<string, string | undefined>();
      return {
        create: (handle, record, context) => {
          if (!first.has(handle)) first.set(handle, record.subject);
          return good.create(handle, record, context);
        },
        ...finding(
          (record, subject, now) =>
            [record.subject, first.get(record.handle)].includes(subject) && now < record.expiresAt,
        )(good),
      };
    },
  ],

  "sweep removes live records": [
    ["sweep: a record that has not expired", "sweep: removes what has expired"],
    sweeping(() => true),
  ],
  "sweep removes nothing": [
    ["sweep: removes", "sweep: at most", "sweep: several", "sweep: a record"],
    sweeping(() => false),
  ],
  "sweep removes nothing and says that it does": [
    ["sweep: removes", "sweep: at most", "sweep: several", "sweep: a record"],
    sweeping(
      () => false,
      (_, limit) => limit,
    ),
  ],
  "sweep by the first end": [
    ["sweep: a record that has not expired"],
    sweeping((record, now) => record.createdAt + 24 * 60 * 60 * 1000 <= now),
  ],
  "sweep ignores its limit": [
    ["sweep: at most"],
    (good) => ({ sweep: (_, context) => good.sweep(Infinity, context) }),
  ],
  "sweep removes more than it says": [
    ["sweep: at most", "sweep: several"],
    (good) => ({
      sweep: async (limit, context) => Math.min(limit, await good.sweep(Infinity, context)),
    }),
  ],
  "sweep says one more": [
    ["sweep: removes", "sweep: at most", "sweep: several"],
    sweeping(
      (record, now) => record.expiresAt <= now,
      (removed, limit) => (removed === 0 ? 0 : Math.min(removed + 1, limit)),
    ),
  ],
  "sweep counts what another has removed": [
    ["sweep: several"],
    (good) => ({
      sweep: async (limit, { now }) => {
        const expired = [...good.records.values()].filter(({ expiresAt }) => expiresAt <= now);
        await pause();
        for (const { handle } of expired.slice(0, limit)) good.records.delete(handle);
        return Math.min(limit, expired.length);
      },
    }),
  ],
  "sweep fails beside another": [
    ["sweep: several"],
    (good) => {
      let busy = false;
      return {
        sweep: async (limit, context) => {
          if (busy) throw new Error("deadlock detected");
          busy = true;
          await pause();
          busy = false;
          return good.sweep(limit, context);
        },
      };
    },
  ],
};

describe("The suite fails for a repository in which", () => {
  const failed = new Set<string>();
  for (const [what, [names, change]] of Object.entries(BROKEN)) {
    test(what, async () => {
      const suite = repositorySuite({ createRepository: () => changed(change) });
      for (const beginning of names) {
        const cases = suite.filter(({ name }) => name.startsWith(beginning));
        const results = await Promise.allSettled(cases.map(({ run }) => run()));
        const failing = cases.filter((_, index) => results[index]?.status === "rejected");
        assert.ok(failing.length > 0, `no case failed of those that begin with: ${beginning}`);
        for (const { name } of failing) failed.add(name);
      }
    });
  }

  test("something else is wrong, with every case of the contract for one of them", () => {
    const all = repositorySuite({ createRepository: () => new MapRepository() });
    const ofStores = new Set(storeCases.map(([name]) => name));
    const names = all.map(({ name }) => name).filter((name) => !ofStores.has(name));
    assert.deepEqual(
      names.filter((name) => !failed.has(name)),
      [],
    );
    assert.equal(new Set(names).size, names.length);
  });

  const ofStores: Record<string, string> = {
    "update without comparing": "invariant 4, no lost update",
    "touch answers and moves nothing": "invariant 9, time ends sessions",
    "update keeps the subject": "revokeAll",
    "create overwrites": "invariant 2, strict",
  };
  for (const [what, beginning] of Object.entries(ofStores)) {
    test(`${what}, and then a store on it breaks: ${beginning}`, async () => {
      const [, change = () => ({})] = BROKEN[what] ?? [];
      const suite = repositorySuite({ createRepository: () => changed(change) });
      const cases = suite.filter(({ name }) => name.startsWith(beginning));
      const results = await Promise.allSettled(cases.map(({ run }) => run()));
      assert.ok(results.some(({ status }) => status === "rejected"));
    });
  }
});
