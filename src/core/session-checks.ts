/** Databases cannot keep every text as a key. */
export function isSubject(subject: unknown): subject is string {
  return (
    typeof subject === "string" &&
    subject.length >= 1 &&
    subject.length <= 1024 &&
    subject.isWellFormed() &&
    !subject.includes("\0")
  );
}

/** Elsewhere these methods call back when they are done: code that waits for that would wait for ever. */
export function refuseCallback(name: string, given: readonly unknown[]): void {
  if (given.length === 0) return;
  throw new TypeError(
    `session.${name}() takes no callback and nothing else. It takes effect when the response leaves: go on in the next line.`,
  );
}
