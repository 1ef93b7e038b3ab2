import { concatBytes } from "@noble/hashes/utils.js";
import { xchacha } from "#aead";
import { fromBase64url, toBase64url } from "#base64url";
import { hkdfSha256 } from "#hkdf";
import { fromUtf8, lengthPrefixed, utf8 } from "../bytes.ts";
import { SALT } from "../keyring.ts";
import type { Random } from "../random.ts";

const KEY_BYTES = 32;
const NONCE_BYTES = 24;

/** What a record holds of its contents: two texts, as the serializer made them. */
export interface Texts {
  readonly data: string;
  readonly flash: string;
}

/**
 * Encryption at rest: a record's texts are sealed under a random key of its own, and that key under each credential
 * that is good. Who holds a dump of the database and no token can open nothing (XChaCha20-Poly1305, HKDF-SHA-256).
 */
export class DataKey {
  readonly #key: Uint8Array;
  readonly #handle: string;
  readonly #random: Random;

  private constructor(key: Uint8Array, handle: string, random: Random) {
    this.#key = key;
    this.#handle = handle;
    this.#random = random;
  }

  static create(handle: string, random: Random): DataKey {
    return new DataKey(random(KEY_BYTES), handle, random);
  }

  /** `undefined` where the credential does not open the wrap. */
  static unwrap(
    wrap: string,
    credential: Uint8Array,
    handle: string,
    random: Random,
  ): DataKey | undefined {
    const key = open(wrappingKey(credential), ["data key", handle], wrap);
    return key && new DataKey(key, handle, random);
  }

  /** The key as a record keeps it for the holder of a credential. */
  wrap(credential: Uint8Array): string {
    return this.#seal(wrappingKey(credential), ["data key", this.#handle], this.#key);
  }

  sealTexts({ data, flash }: Texts): Texts {
    const seal = (kind: keyof Texts, text: string) =>
      this.#seal(this.#key, [kind, this.#handle], utf8(text));
    return { data: seal("data", data), flash: flash === "" ? "" : seal("flash", flash) };
  }

  /** `undefined` where the texts are not what was sealed for this session. */
  openTexts({ data, flash }: Texts): Texts | undefined {
    const unseal = (kind: keyof Texts, sealed: string) => {
      const bytes = open(this.#key, [kind, this.#handle], sealed);
      return bytes && fromUtf8(bytes);
    };
    const opened = {
      data: unseal("data", data),
      flash: flash === "" ? "" : unseal("flash", flash),
    };
    return opened.data === undefined || opened.flash === undefined
      ? undefined
      : { data: opened.data, flash: opened.flash };
  }

  #seal(key: Uint8Array, place: readonly string[], bytes: Uint8Array): string {
    const nonce = this.#random(NONCE_BYTES);
    const sealed = xchacha(key).encrypt(nonce, lengthPrefixed(place), bytes);
    return toBase64url(concatBytes(nonce, sealed));
  }
}

function open(key: Uint8Array, place: readonly string[], sealed: string): Uint8Array | undefined {
  const bytes = fromBase64url(sealed);
  if (bytes === undefined || bytes.length <= NONCE_BYTES) return undefined;
  const nonce = bytes.subarray(0, NONCE_BYTES);
  return xchacha(key).decrypt(nonce, lengthPrefixed(place), bytes.subarray(NONCE_BYTES));
}

function wrappingKey(credential: Uint8Array): Uint8Array {
  return hkdfSha256(credential, SALT, utf8("server data key"), KEY_BYTES);
}
