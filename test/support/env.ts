import type { TestContext } from "node:test";

/** Sets variables of the environment for the rest of a test; undefined removes one. */
export function setEnv(
  test: TestContext,
  values: Readonly<Record<string, string | undefined>>,
): void {
  for (const [name, value] of Object.entries(values)) {
    const before = process.env[name];
    assign(name, value);
    test.after(() => assign(name, before));
  }
}

function assign(name: string, value: string | undefined): void {
  // Assigned, undefined would be a word of nine letters.
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
