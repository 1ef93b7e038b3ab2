/** How nearly all sessions' credentials look: one that is good, and the secret of the anti-forgery tokens. */
const USUAL = /^\{"current":\{"hash":"[\w-]{43}","since":([1-9]\d{0,14})\},"form":"[\w-]{43}"\}$/;
const HASH_AT = '{"current":{"hash":"'.length;
/** From the end. */
const FORM_AT = '"}'.length;

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const CODES: readonly number[] = Array.from(LETTERS, (letter) => letter.charCodeAt(0));
const BITS = new Uint8Array(128);
for (const [bits, code] of CODES.entries()) BITS[code] = bits;

/** 32 bytes, in base64url and as letters below U+0100. */
const LONG = 43;
const RAW = 32;

/** So many letters of what is short may be any. After them come digits, and maybe a sign. */
export const RAW_LETTERS: number = 2 * RAW;

/**
 * Half as long, where they look as usual: the hash and the secret as raw letters.
 *
 * @param near A time that is near the credential's own.
 */
export function shorten(credentials: string, near: number): string | undefined {
  const since = USUAL.exec(credentials)?.[1];
  if (since === undefined) return undefined;
  const hash = toRaw(credentials, HASH_AT);
  const form = toRaw(credentials, credentials.length - FORM_AT - LONG);
  if (hash === undefined || form === undefined) return undefined;
  return hash + form + (Number(since) - near).toString(36);
}

/** What was shortened. */
export function lengthen(short: string, near: number): string {
  const since = near + Number.parseInt(short.slice(RAW_LETTERS), 36);
  return `{"current":{"hash":"${fromRaw(short, 0)}","since":${since}},"form":"${fromRaw(short, RAW)}"}`;
}

/** By hand, because it is done for each record that is written, and a buffer of 32 bytes takes longer to make. */
function toRaw(text: string, start: number): string | undefined {
  const codes: number[] = [];
  let bits = 0;
  for (let at = 0; at < LONG; at += 1) {
    bits = (bits << 6) | (BITS[text.charCodeAt(start + at)] ?? 0);
    // Of four letters the first completes no byte, and each of the others one.
    const left = (6 * (at + 1)) % 8;
    if (at % 4 !== 0) codes.push((bits >>> left) & 0xff);
  }
  // Another spelling of the same bytes.
  return (bits & 0b11) === 0 ? String.fromCharCode(...codes) : undefined;
}

function fromRaw(letters: string, start: number): string {
  const codes: number[] = [];
  const add = (bits: number) => codes.push(CODES[bits & 0x3f] ?? 0);
  for (let at = start; at < start + RAW; at += 3) {
    const isLast = at + 3 > start + RAW;
    const third = isLast ? 0 : letters.charCodeAt(at + 2);
    const bits = (letters.charCodeAt(at) << 16) | (letters.charCodeAt(at + 1) << 8) | third;
    add(bits >>> 18);
    add(bits >>> 12);
    add(bits >>> 6);
    if (!isLast) add(bits);
  }
  return String.fromCharCode(...codes);
}
