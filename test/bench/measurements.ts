import { FULL } from "../../bench/harness/plan.ts";
import type { Measured } from "../../bench/harness/statistics.ts";
import { inProcessOf, servedOf } from "../../bench/parts/all.ts";
import type { CaseTimes } from "../../bench/parts/in-process.ts";
import type { Circumstances, Measurements, Results } from "../../bench/report/measurements.ts";
import { PART_NAMES } from "../../bench/report/measurements.ts";
import type { Subject } from "../../bench/subjects/subject.ts";

/** A figure that was the same each time. */
export function sure(value: number): Measured {
  return { median: value, low: value, high: value };
}

/** Processor times of one subject; those that are not named are 10. */
export function times(values: Partial<Record<keyof CaseTimes, number>> = {}): CaseTimes {
  const { none = 10, read = 10, change = 10, tampered = 10 } = values;
  return { none: sure(none), read: sure(read), change: sure(change), tampered: sure(tampered) };
}

const OURS = { none: 0.5, read: 5, change: 11, tampered: 2 };

/** Figures with which every goal is met. */
export function goodMeasurements(): Measurements {
  const inProcess = inProcessOf(FULL);
  const served = servedOf(FULL);
  const ofEach = <T>(subjects: readonly Subject[], ours: T, others: T): Map<Subject, T> =>
    new Map(subjects.map((subject) => [subject, subject.kind === "ours" ? ours : others]));
  const databases = inProcess.filter(
    ({ storage }) => storage === "valkey" || storage === "postgres",
  );
  const time = sure(4);
  return {
    inProcess: {
      times: ofEach(inProcess, times(OURS), times({ none: 20, read: 20, change: 40, tampered: 9 })),
      floors: { open: sure(4), seal: sure(4.5), valkey: sure(15), postgres: sure(60) },
    },
    allocations: { keepsake: 900, expressSession: 5000 },
    http: {
      shares: ofEach(
        served,
        { read: sure(0.9), change: sure(0.8) },
        { read: sure(0.3), change: sure(0.2) },
      ),
      busy: ofEach(served, 0.97, 0.98),
    },
    commands: {
      perRequest: ofEach(databases, { read: 1, change: 2 }, { read: 1, change: 2 }),
      touches: {
        valkey: { busy: 0.09, idle: 0 },
        postgres: { busy: 0.1, idle: 0 },
      },
    },
    memory: {
      map: 557,
      keepsake: 600,
      "express-session": 673,
      "@fastify/session": 1750,
      "hono-sessions": 1460,
    },
    imports: {
      times: {
        keepsake: sure(12),
        "keepsake, adapter, store, pg": sure(30),
        "express-session": sure(13),
        "express-session, connect-pg-simple, pg": sure(31),
      },
      sizes: { keepsake: 2.4e6, "express-session": 254_000 },
    },
    growth: {
      memory: { few: 10_000, many: 5_000_000, read: sure(1.1), change: sure(1.1) },
      sqlite: { few: 10_000, many: 5_000_000, read: sure(1.1), change: sure(1.1) },
      postgres: { few: 10_000, many: 5_000_000, read: sure(1.1), change: sure(1.1) },
      valkey: { few: 10_000, many: 5_000_000, read: sure(1.1), change: sure(1.1) },
    },
    sweep: {
      memory: { expired: 1_000_000, before: time, during: sure(4.4), seconds: 1 },
      sqlite: { expired: 1_000_000, before: time, during: sure(4.4), seconds: 1 },
      postgres: { expired: 1_000_000, before: time, during: sure(4.4), seconds: 1 },
    },
  };
}

export const CIRCUMSTANCES: Circumstances = {
  node: "26.10.0",
  date: "2026-11-20T10:00:00.000Z",
  machine: "2 cores",
  servers: ["PostgreSQL 15", "Valkey 8"],
  isQuick: false,
  isPinned: true,
  load: 0.2,
  versions: { "express-session": "1.19.0" },
};

/** All of it, of one run. */
export function resultsOf(measurements: Partial<Measurements>): Results {
  const names = PART_NAMES.filter((name) => measurements[name] !== undefined);
  return {
    measurements,
    runs: Object.fromEntries(names.map((name) => [name, CIRCUMSTANCES])),
  };
}
