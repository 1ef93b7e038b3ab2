import { equalBytes } from "@noble/ciphers/utils.js";
import { utf8 } from "../core/bytes.ts";
import type { LegacyPairs } from "../core/legacy-pairs.ts";
import { checkOptions, describe, misconfigured } from "../core/options.ts";
import { checkSecrets, type Secret } from "../core/secrets.ts";
import { fromUrlSafe } from "./_itsdangerous-formats.ts";
import { createUntimedSigner } from "./_itsdangerous-signer.ts";

/** Until when pairs of BlackSheep are accepted, and from which cookie. */
export interface BlackSheepPairsOptions {
  /**
   * The moment from which no pair is accepted any more: a `Date`, or a day such as `"2027-03-31"`, which means its first
   * moment in UTC. BlackSheep's pairs never end by themselves.
   */
  readonly until: Date | string;
  /** The `cookie_name` of BlackSheep's `AntiForgeryHandler`. Default: `"aftoken"`. */
  readonly cookieName?: string;
}

const OWNER = "blackSheepPairs";
const SALT = utf8("antiforgery");
/** Looked at before any key is used. */
const SHAPE = /^\.?[\w-]{1,88}\.[\w-]{27}$/;
/** What BlackSheep signs has 40 characters; no short text, which could be the same from behind. */
const JSON_TEXT = /^"([\w-]{40,64})"$/;
const MOST_BYTES = 66;
/** RFC 6265bis 4.1.1: a token (RFC 9110 5.6.2). */
const COOKIE_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/**
 * The anti-forgery pairs of BlackSheep, for `acceptLegacyPairs` of `antiForgery()`: pages that a BlackSheep service has
 * shown, or still shows, post to a keepsake service. Reads pairs, and makes none. Needs the package `pako`.
 *
 * **Bound to nothing**: neither to a session nor to a user, so that a pair of one visitor is good for every other. Who can
 * set a cookie for this host, from a sibling domain for example, can post with a pair of his own. Hence `until`.
 *
 * What it reads is itsdangerous' `URLSafeSerializer(secrets, salt="antiforgery")`, signed with HMAC-SHA-1 (RFC 2104).
 *
 * @param secret The other side's secret, of at least 32 bytes; or several, as {@link blacksheepSealer} takes them.
 * @throws `ERR_SESSION_SECRET` if a secret is missing, short or obviously weak; `ERR_SESSION_CONFIG` for bad options.
 *
 * @example
 * ```ts
 * antiForgery({ acceptLegacyPairs: blackSheepPairs(secret, { until: "2027-03-31" }) });
 * ```
 */
export function blackSheepPairs(secret: Secret, options: BlackSheepPairsOptions): LegacyPairs {
  const secrets = checkSecrets(OWNER, secret);
  checkOptions(OWNER, options, ["until", "cookieName"]);
  const { until, cookieName = "aftoken" } = options;
  const end = timeOf(until);
  if (typeof cookieName !== "string" || !COOKIE_NAME.test(cookieName)) {
    throw misconfigured(
      `${OWNER}: cookieName must be the name of a cookie, such as "aftoken", not ${describe(cookieName)}.`,
    );
  }
  const signer = createUntimedSigner(secrets, SALT, "django-concat");

  const read = (token: string): string | undefined => {
    const signed = SHAPE.test(token) ? signer.unsign(token) : undefined;
    const json = signed && fromUrlSafe(signed.value, MOST_BYTES);
    return json === undefined ? undefined : JSON_TEXT.exec(json)?.[1];
  };

  return {
    cookieName,
    isPair(cookie, control, now) {
      const text = now < end ? read(cookie) : undefined;
      const reversed = text === undefined ? undefined : read(control);
      if (text === undefined || reversed === undefined) return false;
      return equalBytes(utf8(text), utf8(reversed).reverse());
    },
  };
}

/** In milliseconds since the epoch. */
function timeOf(until: unknown): number {
  const time = until instanceof Date ? until.getTime() : startOfDay(until);
  if (!Number.isNaN(time)) return time;
  const given = until instanceof Date ? "an invalid Date" : describe(until);
  throw misconfigured(
    `${OWNER}: until must be a Date or a day such as "2027-03-31", not ${given}. From then on no old pair is accepted.`,
  );
}

/** In UTC; `NaN` for what is no day. */
function startOfDay(text: unknown): number {
  if (typeof text !== "string" || !DAY.test(text)) return Number.NaN;
  const time = Date.parse(text);
  // To some engines the 30th of February is the 2nd of March.
  const isReal = !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
  return isReal ? time : Number.NaN;
}
