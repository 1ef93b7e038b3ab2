export const HANDLE_BYTES = 16;

/**
 * A handle as a pattern: base64url of 16 bytes. The last character has bits to spare, which must be zero: another spelling
 * of the same handle would be another key of the repository.
 */
export const HANDLE: string = String.raw`[\w-]{21}[AQgw]`;

const WHOLE = new RegExp(`^${HANDLE}$`);

export function isHandle(value: unknown): value is string {
  return typeof value === "string" && WHOLE.test(value);
}
