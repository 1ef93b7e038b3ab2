import type { Commands } from "../parts/commands.ts";
import type { Crowded } from "../parts/crowd.ts";
import type { Growth } from "../parts/growth.ts";
import type { Http } from "../parts/http.ts";
import type { Imports } from "../parts/imports.ts";
import type { InProcess } from "../parts/in-process.ts";
import type { Memory } from "../parts/memory.ts";
import type { Sweep } from "../parts/sweep.ts";

/** Everything that one run has measured. */
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

/** When and on what it was measured. */
export interface Circumstances {
  readonly node: string;
  readonly date: string;
  readonly machine: string;
  readonly servers: readonly string[];
  readonly isQuick: boolean;
  readonly isPinned: boolean;
  /** The load of the machine before it began: above 1 others were measured, too. */
  readonly load: number;
  /** The versions of what was measured. */
  readonly versions: Readonly<Record<string, string>>;
}
