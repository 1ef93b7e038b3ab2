/** Thrown by a case that does not hold. Any test runner reports it as it stands. */
export class CheckFailed extends Error {
  override readonly name: string = "CheckFailed";
}

export function ok(condition: unknown, what: string): asserts condition {
  if (!condition) throw new CheckFailed(what);
}

/** Compares as JSON text, so that the order of keys counts. */
export function equal(actual: unknown, expected: unknown, what: string): void {
  const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (found !== wanted) throw new CheckFailed(`${what}: expected ${wanted}, found ${found}`);
}
