import { rm } from "node:fs/promises";
import { ROOT } from "./runtimes.ts";
import { command, type Step } from "./steps.ts";

/** A tool of `node_modules`, run by the Node that runs this: its shebang would take the PATH's. */
export function tool(title: string, script: string, args: readonly string[]): Step {
  return command(title, process.execPath, [`${ROOT}node_modules/${script}`, ...args]);
}

/** The example has a project of its own, because it augments the types of the package. */
export const types: readonly Step[] = ["tsconfig.json", "examples/tsconfig.json"].map((project) =>
  tool(`Types (${project})`, "typescript/bin/tsc", ["-p", project]),
);

export const lint: Step = tool("Lint and format (biome)", "@biomejs/biome/bin/biome", ["check"]);

/** What readers are told stands in the declarations, and not once more in the code. */
export const BUILD_PROJECTS = ["tsconfig.build.json", "tsconfig.declarations.json"] as const;

const compile = BUILD_PROJECTS.map((project) => tool("", "typescript/bin/tsc", ["-p", project]));

export const build: Step = {
  title: "Build (dist)",
  work: async () => {
    await rm(`${ROOT}dist`, { recursive: true, force: true });
    const outcomes = await Promise.all(compile.map(({ work }) => work()));
    return outcomes.find(({ failed }) => failed > 0) ?? { passed: 1, failed: 0 };
  },
};

/** Whether the packed package follows the rules of package managers and bundlers. */
export function publint(tarball: string): Step {
  return tool("Package (publint)", "publint/src/cli.js", ["run", tarball, "--strict"]);
}

/** Whether TypeScript finds the types of every entry of the packed package. */
export function typesOfPackage(tarball: string): Step {
  const args = [tarball, "--profile", "esm-only", "--format", "ascii"];
  return tool("Package (are the types wrong?)", "@arethetypeswrong/cli/dist/index.js", args);
}
