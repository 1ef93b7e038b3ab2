/** The session of a library that keeps it in `request.session` as an object to write into. */
export function bagOf(holder: object): Record<string, unknown> {
  const bag: unknown = Reflect.get(holder, "session");
  if (isBag(bag)) return bag;
  throw new Error("The library has put no session there.");
}

function isBag(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
