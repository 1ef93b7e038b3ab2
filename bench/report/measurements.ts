import type { Commands } from "../parts/commands.ts";
import type { Crowded } from "../parts/crowd.ts";
import type { Growth } from "../parts/growth.ts";
import type { Http } from "../parts/http.ts";
import type { Imports } from "../parts/imports.ts";
import type { InProcess } from "../parts/in-process.ts";
import type { Memory } from "../parts/memory.ts";
import type { Sweep } from "../parts/sweep.ts";

/** Everything there is to measure, by the part of a run that measures it. */
export interface Measurements {
  readonly inProcess: InProcess;
  /** Bytes of a request without a cookie in Express, above the bare framework. */
  readonly allocations: { readonly keepsake: number; readonly expressSession: number };
  readonly http: Http;
  readonly commands: Commands;
  readonly memory: Memory;
  readonly imports: Imports;
  readonly growth: Readonly<Record<Crowded, Growth>>;
  readonly sweep: Sweep;
}

export type PartName = keyof Measurements;

/** In the order in which they are measured. */
export const PART_NAMES: readonly PartName[] = [
  "inProcess",
  "allocations",
  "http",
  "commands",
  "memory",
  "imports",
  "growth",
  "sweep",
];

/** When and on what a part was measured. */
export interface Circumstances {
  readonly node: string;
  readonly date: string;
  readonly machine: string;
  readonly servers: readonly string[];
  readonly isQuick: boolean;
  readonly isPinned: boolean;
  /** How many processors were in use before the run began: above 1 others were measured, too. */
  readonly load: number;
  /** The versions of what was measured. */
  readonly versions: Readonly<Record<string, string>>;
}

/** What was measured, each part in a run that may have been one of its own. */
export interface Results {
  readonly measurements: Readonly<Partial<Measurements>>;
  readonly runs: Readonly<Partial<Record<PartName, Circumstances>>>;
}

/** The last of the runs. */
export function newestRun({ runs }: Results): Circumstances | undefined {
  return Object.values(runs).toSorted((a, b) => b.date.localeCompare(a.date))[0];
}
