import { tmpdir } from "node:os";
import { join } from "node:path";
import { withTemporaryFolder } from "../../scripts/processes.ts";
import { installKeepsake } from "../harness/package.ts";
import type { Plan } from "../harness/plan.ts";
import type { Measurements, PartName } from "../report/measurements.ts";
import { subjects } from "../subjects/index.ts";
import type { Framework, Storage, Subject } from "../subjects/subject.ts";
import { countAllocations } from "./allocations.ts";
import { countAll } from "./commands.ts";
import { measureGrowth } from "./growth.ts";
import { measureHttp } from "./http.ts";
import { measureImports } from "./imports.ts";
import { measureInProcess } from "./in-process.ts";
import { measureMemory } from "./memory.ts";
import { measureSweep } from "./sweep.ts";

interface PartOfRun<Name extends PartName> {
  /** What `--only` calls it. */
  readonly word: string;
  measure(plan: Plan): Promise<Measurements[Name]>;
}

/** The parts of a run. */
export const PARTS: { readonly [Name in PartName]: PartOfRun<Name> } = {
  inProcess: {
    word: "in-process",
    measure: (plan) => measureInProcess(inProcessOf(plan), plan.inProcess),
  },
  allocations: {
    word: "allocations",
    measure: async () => ({
      keepsake: await countAllocations("keepsake-cookie-express"),
      expressSession: await countAllocations("express-session-memory"),
    }),
  },
  http: { word: "http", measure: (plan) => measureHttp(servedOf(plan), plan.http) },
  commands: {
    word: "commands",
    measure: () => countAll(subjects.filter(({ kind }) => kind !== "bare")),
  },
  memory: { word: "memory", measure: (plan) => measureMemory(plan.memory) },
  imports: {
    word: "imports",
    measure: (plan) =>
      withTemporaryFolder(join(tmpdir(), "keepsake-bench-"), async (folder) =>
        measureImports(await installKeepsake(folder), plan.imports),
      ),
  },
  growth: { word: "growth", measure: (plan) => measureGrowth(plan.growth) },
  sweep: { word: "sweep", measure: (plan) => measureSweep(plan.sweep) },
};

/** A quick run leaves databases in a second framework to the part over HTTP, and frameworks that no goal depends on. */
export function inProcessOf(plan: Plan): Subject[] {
  return measuredIn(plan).filter(({ kind, framework, storage }) => {
    if (!plan.isQuick) return true;
    if (storage === "valkey" || storage === "postgres") return framework === "express";
    if (kind === "peer" || framework === "express" || framework === "fastify") return true;
    return kind === "ours" && hasPeer(framework, storage);
  });
}

function hasPeer(framework: Framework, storage: Storage | undefined): boolean {
  return subjects.some(
    (each) => each.kind === "peer" && each.framework === framework && each.storage === storage,
  );
}

/** By the two frameworks with most peers; a full run goes on to the others that have one of those that the goals name. */
export function servedOf(plan: Plan): Subject[] {
  return measuredIn(plan).filter(({ kind, framework, id }) => {
    const isMain = framework === "express" || framework === "fastify";
    if (plan.isQuick) return isMain && kind !== "floor";
    return isMain || (kind !== "floor" && (framework === "hono" || SERVED_BY_FETCH.includes(id)));
  });
}

const SERVED_BY_FETCH: readonly string[] = ["keepsake-cookie-fetch", "iron-session"];

/** A quick run measures everybody at their best only. */
function measuredIn(plan: Plan): Subject[] {
  return subjects.filter(
    ({ kind, setting }) => kind !== "bare" && (!plan.isQuick || setting === "best"),
  );
}
