/** The sealers of the library, for tests of what holds for all of them. */
import { test } from "node:test";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import {
  type SealContext,
  type Sealer,
  type Secret,
  signOnly,
  xaesSealer,
  xchachaSealer,
} from "keepsake";
import { xchacha } from "./aead.ts";
import { toBase64url } from "./base64url.ts";
import { lengthPrefixed, utf8 } from "./bytes.ts";
import { type Any, NOON } from "./kit.test.ts";
import { xaes } from "./xaes.ts";

export interface Kind {
  readonly make: (secret: Secret, options?: Any) => Sealer;
  readonly version: string;
  readonly label: string;
  /** Whether a token says what it holds only to who has the key, and so needs a nonce. */
  readonly encrypts: boolean;
  readonly shape: RegExp;
  /** What the library once made of `TEXT`, with the bytes 0, 1, 2 … for a nonce. A change would end everybody's sessions. */
  readonly token: string;
  /** Opens the last parts of a token by its primitive alone. */
  readonly openAlone: (
    key: Uint8Array,
    place: readonly string[],
    parts: readonly Uint8Array[],
  ) => Uint8Array | undefined;
}

export const CONTEXT: SealContext = { purpose: "session", name: "__Host-session", now: NOON };
export const TEXT: Uint8Array = utf8("Fräulein Ada, admin");
export const NO_BYTES: Uint8Array = new Uint8Array();

export const KINDS: readonly Kind[] = [
  {
    make: xchachaSealer,
    version: "k1",
    label: "k1 xchacha20-poly1305",
    encrypts: true,
    shape: /^k1\.[\w-]{8}\.[\w-]+$/,
    token:
      "k1.QpfZ-xKD.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXP9fwe3f-ZlzJ9f9NvO0Zv7zxfYS0q4Nnezu7N1JB2dIK7V9u",
    openAlone: (key, place, [body = NO_BYTES]) =>
      xchacha(key).decrypt(body.slice(0, 24), lengthPrefixed(place), body.slice(24)),
  },
  {
    make: xaesSealer,
    version: "k2",
    label: "k2 xaes-256-gcm",
    encrypts: true,
    shape: /^k2\.[\w-]{8}\.[\w-]+$/,
    token:
      "k2.JsLITFpM.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXJoAiiYN19W9lhNmcCLCMXp0kp9WkAJrfYrAnmHHxxAHYL9zI",
    openAlone: (key, place, [body = NO_BYTES]) =>
      xaes(key).decrypt(body.slice(0, 24), lengthPrefixed(place), body.slice(24)),
  },
  {
    make: signOnly,
    version: "s1",
    label: "s1 hmac-sha-256",
    encrypts: false,
    shape: /^s1\.[\w-]{8}\.[\w-]*\.[\w-]{43}$/,
    token: "s1._BPffd0I.RnLDpHVsZWluIEFkYSwgYWRtaW4.NWoWtjl9Isccjs6eOo5WYvA7fcn2cNClNz6lSjogEu4",
    openAlone: (key, place, [bytes = NO_BYTES, mac = NO_BYTES]) => {
      const right = hmac(sha256, key, lengthPrefixed([...place, bytes]));
      return toBase64url(right) === toBase64url(mac) ? bytes : undefined;
    },
  },
];

export const textOf = (sealer: Sealer, token: string, context = CONTEXT): string | undefined => {
  const opened = sealer.open(token, context);
  return opened && new TextDecoder().decode(opened.bytes);
};

export function forEachKind(name: string, run: (kind: Kind) => void | Promise<void>): void {
  for (const kind of KINDS) test(`${kind.make.name}: ${name}`, () => run(kind));
}
