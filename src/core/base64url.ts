import { base64urlnopad } from "@scure/base";

/** URL-safe base64 without padding (RFC 4648 5), in every runtime. */
export function toBase64url(bytes: Uint8Array): string {
  return base64urlnopad.encode(bytes);
}

/** Only the canonical spelling: no padding, no white space, no bits left over. Anything else is `undefined`. */
export function fromBase64url(text: string): Uint8Array | undefined {
  try {
    return base64urlnopad.decode(text);
  } catch {
    return undefined;
  }
}
