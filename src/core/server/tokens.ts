import { equalBytes } from "@noble/ciphers/utils.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { fromBase64url, toBase64url } from "#base64url";
import { hkdfSha256 } from "#hkdf";
import { lengthPrefixed, utf8 } from "../bytes.ts";
import { HANDLE } from "../handle.ts";
import { SALT } from "../keyring.ts";
import { checkSecrets, type Secret } from "../secrets.ts";
import { hashOf } from "./credentials.ts";

const MAC_BYTES = 16;
/** 32 bytes in base64url, in their one spelling. */
const CREDENTIAL = String.raw`[\w-]{42}[AEIMQUYcgkosw048]`;
const TOKEN = new RegExp(String.raw`^${HANDLE}\.${CREDENTIAL}$`);
/** With a MAC of 16 bytes behind it. */
const TOKEN_WITH_MAC = new RegExp(String.raw`^${HANDLE}\.${CREDENTIAL}\.[\w-]{22}$`);
/** Where the parts of both end. */
const [HANDLE_END, CREDENTIAL_END] = [22, 66];

/** A token that a request presented: what it says, not yet whether it is true. */
export interface Presented {
  readonly handle: string;
  readonly credential: Uint8Array;
  /** Of the credential, as records keep it. */
  readonly hash: string;
  /** Its MAC is by an older secret. */
  readonly stale: boolean;
}

/** Writes and reads the tokens of sessions that are kept on the server. */
export interface Tokens {
  /** @param name The transport's, to which a MAC is bound. */
  write(handle: string, credential: Uint8Array, name: string): string;
  /** `undefined` for what this server did not issue, as far as that can be told without a look-up. */
  read(token: string, name: string): Presented | undefined;
}

/** @throws `ERR_SESSION_SECRET` for a weak secret. */
export function createTokens(owner: string, secret: Secret | undefined): Tokens {
  if (secret === undefined) {
    return {
      write: (handle, credential) => `${handle}.${toBase64url(credential)}`,
      read(token) {
        return TOKEN.test(token) ? presented(token, false) : undefined;
      },
    };
  }
  const keys = checkSecrets(owner, secret).map((each) =>
    hkdfSha256(utf8(each), SALT, utf8("server token mac"), 32),
  );
  const macOf = (key: Uint8Array, name: string, handle: string, credential: string) =>
    hmac(sha256, key, lengthPrefixed([name, handle, credential])).subarray(0, MAC_BYTES);
  const [newest = new Uint8Array()] = keys;
  return {
    write(handle, credential, name) {
      const text = toBase64url(credential);
      return `${handle}.${text}.${toBase64url(macOf(newest, name, handle, text))}`;
    },
    read(token, name) {
      if (!TOKEN_WITH_MAC.test(token)) return undefined;
      const mac = fromBase64url(token.slice(CREDENTIAL_END + 1));
      if (mac?.length !== MAC_BYTES) return undefined;
      const { handle, text } = partsOf(token);
      const key = keys.find((each) => equalBytes(macOf(each, name, handle, text), mac));
      return key && presented(token, key !== newest);
    },
  };
}

function partsOf(token: string) {
  const handle = token.slice(0, HANDLE_END);
  return { handle, text: token.slice(HANDLE_END + 1, CREDENTIAL_END) };
}

function presented(token: string, stale: boolean): Presented | undefined {
  const { handle, text } = partsOf(token);
  const credential = fromBase64url(text);
  return credential && { handle, credential, hash: hashOf(credential), stale };
}
