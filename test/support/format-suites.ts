import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  timingSafeEqual,
} from "node:crypto";
import type { Place } from "./format-vectors.ts";

// The suites k2 and s1 as docs/format.md describes them, by node:crypto and without the library.

/** Each piece behind its length in four bytes. */
export function listOf(...pieces: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    pieces.flatMap((piece) => {
      const bytes = typeof piece === "string" ? Buffer.from(piece) : piece;
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

/** HKDF-SHA-256 as the page has it. */
export function derive(secret: string, label: string, audience: string, length: number): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "keepsake", listOf(label, audience), length));
}

/** What a token of k2 or s1 holds. */
export function openByNode(token: string, place: Place): Uint8Array | undefined {
  const [version = "", id = "", first = "", ...others] = token.split(".");
  const secret = place.secrets.find(
    (each) => derive(each, `${version} key id`, place.audience, 6).toString("base64url") === id,
  );
  const bytes = decode(first);
  if (secret === undefined || bytes === undefined) return undefined;
  const bound = [version, id, place.purpose, place.name];
  if (version === "k2" && others.length === 0) {
    const key = derive(secret, "k2 xaes-256-gcm", place.audience, 32);
    return openXaes(key, bytes, listOf(...bound));
  }
  if (version !== "s1" || others.length !== 1) return undefined;
  const key = derive(secret, "s1 hmac-sha-256", place.audience, 32);
  const expected = createHmac("sha256", key)
    .update(listOf(...bound, bytes))
    .digest();
  const mac = decode(others[0] ?? "");
  return mac?.length === 32 && timingSafeEqual(mac, expected) ? bytes : undefined;
}

/** Only the one spelling. */
function decode(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : undefined;
}

function openXaes(key: Uint8Array, body: Uint8Array, associated: Uint8Array): Buffer | undefined {
  if (body.length < 40) return undefined;
  const mask = block(key, Buffer.alloc(16));
  const carry = (mask[0] ?? 0) >> 7;
  const shifted = mask.map((byte, at) => (byte << 1) | ((mask[at + 1] ?? 0) >> 7));
  shifted[15] = (shifted[15] ?? 0) ^ (carry * 0x87);
  const half = (count: number) => {
    const message = Uint8Array.of(0, count, 0x58, 0, ...body.subarray(0, 12));
    return block(
      key,
      message.map((byte, at) => byte ^ (shifted[at] ?? 0)),
    );
  };
  const derived = Buffer.concat([half(1), half(2)]);
  const cipher = createDecipheriv("aes-256-gcm", derived, body.subarray(12, 24));
  cipher.setAAD(associated).setAuthTag(body.subarray(-16));
  try {
    return Buffer.concat([cipher.update(body.subarray(24, -16)), cipher.final()]);
  } catch {
    return undefined;
  }
}

/** The bare block cipher. */
function block(key: Uint8Array, bytes: Uint8Array): Buffer {
  const cipher = createCipheriv("aes-256-ecb", key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(bytes), cipher.final()]);
}
