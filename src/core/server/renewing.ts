import { fromBase64url, toBase64url } from "#base64url";
import type { ServerContext } from "./context.ts";
import {
  beginRenewal,
  type Credentials,
  completeRenewal,
  kept,
  NONCE_BYTES,
  successorOf,
} from "./credentials.ts";
import type { Loaded } from "./loaded.ts";
import type { Opened } from "./opening.ts";

interface Renewal {
  /** Where they change. */
  readonly credentials?: Credentials;
  readonly handOut?: Uint8Array;
  readonly isNew?: true;
}

/** Nearly every save has it. */
const NONE: Renewal = {};

/** What is due to a token by time. */
export function renew(
  { config: { random }, renewAfter }: ServerContext,
  { credentials, standing, dataKey }: Opened,
  { presented }: Loaded,
  now: number,
): Renewal {
  const { current, successor } = credentials;
  if (standing === "successor") return { credentials: completeRenewal(credentials, now) };
  if (standing !== "current" || current === undefined) return NONE;
  if (successor !== undefined) {
    // It has not been presented yet: the response that carried it may have got lost.
    const nonce = fromBase64url(successor.nonce) ?? new Uint8Array();
    return { handOut: successorOf(presented.credential, nonce) };
  }
  if (now - current.since < renewAfter) return NONE;
  const nonce = random(NONCE_BYTES);
  const credential = successorOf(presented.credential, nonce);
  const named = { ...kept(credential, dataKey), nonce: toBase64url(nonce) };
  return {
    credentials: beginRenewal(credentials, named, now),
    handOut: credential,
    isNew: true,
  };
}

/** The same credential once more, where an older secret made its MAC. */
export function sameUnderNewestSecret(
  { standing }: Opened,
  { presented }: Loaded,
): Uint8Array | undefined {
  return presented.stale && standing === "current" ? presented.credential : undefined;
}
