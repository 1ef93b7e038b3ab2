import type { SessionRepository } from "../core/repository.ts";
import { abortCases } from "./_repository-abort-cases.ts";
import { modelCases } from "./_repository-model-cases.ts";
import { raceCases } from "./_repository-race-cases.ts";
import { type RepositoryCase, RepositoryScene } from "./_repository-scene.ts";
import { subjectCases } from "./_repository-subject-cases.ts";
import { sweepCases } from "./_repository-sweep-cases.ts";
import { timeCases } from "./_repository-time-cases.ts";
import { valueCases } from "./_repository-value-cases.ts";
import { writeCases } from "./_repository-write-cases.ts";
import { storeCases } from "./_store-all-cases.ts";
import type { Case } from "./adapter-suite.ts";
import { equal } from "./check.ts";

/** Where the suite gets its repositories from. */
export interface RepositorySuiteOptions {
  /**
   * Makes a repository that the suite may fill. Called once for each case; several may share one database: the suite uses
   * fresh random handles and subjects, and removes what it has stored.
   */
  createRepository(): SessionRepository | Promise<SessionRepository>;
  /** Called after each case with what `createRepository` gave. */
  close?(repository: SessionRepository): void | Promise<void>;
}

const cases: readonly RepositoryCase[] = [
  ...writeCases,
  ...valueCases,
  ...timeCases,
  ...raceCases,
  ...abortCases,
  ...subjectCases,
  ...sweepCases,
  ...modelCases,
  ...storeCases,
];

/**
 * Everything a repository has to hold, as cases that call its verbs. Nothing in it sleeps: the time is an argument. The
 * cases can run in any order, but on one database one at a time, because a sweep is for all of it.
 *
 * Where an optional verb is missing, its cases hold if it is missing properly. Where a repository is not `atomic`, what
 * would be done at the same time is done one after another.
 *
 * @example
 * ```ts
 * const suite = repositorySuite({ createRepository: () => new MyRepository(client) });
 * for (const { name, run } of suite) test(name, run);
 * ```
 */
export function repositorySuite(options: RepositorySuiteOptions): Case[] {
  return cases.map(([name, act, needs]) => ({
    name,
    async run() {
      const repository = await options.createRepository();
      const scene = new RepositoryScene(repository);
      try {
        if (needs === undefined || typeof repository[needs] === "function") await act(scene);
        else equal(repository[needs], undefined, `${needs}, which is no function`);
      } finally {
        await scene.clear();
        await options.close?.(repository);
      }
    },
  }));
}
