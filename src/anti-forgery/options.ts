import { type Clock, systemClock } from "../core/clock.ts";
import { COOKIE_OPTION_NAMES, type CookieOptions } from "../core/cookie-options.ts";
import { cookieTransport } from "../core/cookie-transport.ts";
import { type OnEvent, warnOnce } from "../core/events.ts";
import type { LegacyPairs } from "../core/legacy-pairs.ts";
import {
  checkBoolean,
  checkFunction,
  checkOptions,
  checkSeconds,
  describe,
  misconfigured,
} from "../core/options.ts";
import { readOrigins } from "../core/origins.ts";
import { type Random, systemRandom } from "../core/random.ts";
import type { SessionTransport } from "../core/transport.ts";
import type { FrameAncestors } from "./framing.ts";
import { matchExactly, matchLoosely } from "./paths.ts";
import type { VerdictRules } from "./verdict.ts";

export type { LegacyPairs };

/** What a form's hidden input is called, unless `fieldName` says otherwise. */
export const FIELD_NAME = "__RequestVerificationToken";
/** What the header is called that a script sends the token in, unless `headerName` says otherwise. */
export const HEADER_NAME = "RequestVerificationToken";

/** What `antiForgery` of every adapter takes. The defaults are safe. */
export interface AntiForgeryOptions {
  /**
   * `"any-proof"` (default): the browser's own word, or a token. `"token-always"`: a token in every request that is not
   * safe, beside the browser's word, for those who must have one (NIST SP 800-63B-4 5.1).
   */
  readonly mode?: "any-proof" | "token-always";
  /** Lets everything through, and tells `onEvent`, which it needs, of what would be refused. Default: `false`. */
  readonly logOnly?: boolean;
  /**
   * Origins whose pages may send requests beside the server's own, each exact, as a browser writes it:
   * `"https://login.example"`. Default: none.
   */
  readonly trustedOrigins?: readonly string[];
  /**
   * The origins of the server itself. Default: what the `Host` header says; so where a proxy changes that, or ends TLS
   * without saying so in `X-Forwarded-Proto`, name them here.
   */
  readonly selfOrigins?: readonly string[];
  /**
   * Places that are not protected, such as those for web hooks: `"/webhooks/stripe"`, `"POST /saml/acs"`, `"/hooks/*"`. A
   * path counts where it is sent exactly so. Default: none.
   */
  readonly exempt?: readonly string[];
  /**
   * Places where GET has effects, and is protected as POST is: `"/graphql"`, `"/logout"`. Only pages of the site itself can link
   * there: neither an address that was typed nor a bookmark gets through. Default: none.
   */
  readonly protectGet?: readonly string[];
  /**
   * Places that clients may use which are no browsers, with a session in a cookie and no proof: `"/api/*"`. What comes
   * from a browser is judged all the same. Default: none.
   */
  readonly allowNonBrowser?: readonly string[];
  /**
   * Requests that carry no cookie, no token and no proof: `"allow"` (default), because there is nothing in them to abuse,
   * and no browser since 2020 posts so; or `"refuse"`.
   */
  readonly unproven?: "allow" | "refuse";
  /** What the form's hidden input is called. Default: `"__RequestVerificationToken"`. */
  readonly fieldName?: string;
  /** The header that scripts send the token in. Default: `"RequestVerificationToken"`. */
  readonly headerName?: string;
  /** Whether the token may also stand in a JSON body, under `fieldName`. Default: `false`. */
  readonly jsonField?: boolean;
  /** The cookie of visitors without a session. Default: `__Host-aftoken`, for as long as `cookieLifetime` says. */
  readonly cookie?: Omit<CookieOptions, "persistent" | "chunks">;
  /** How long a form is good for a visitor without a session, in seconds since it was last shown. Default: 3600. */
  readonly cookieLifetime?: number;
  /**
   * Who may show pages with a form in a frame: `"self"` (default), `"none"`, or `false` to say nothing about it. Sent as
   * `Content-Security-Policy` and `X-Frame-Options`, unless the application says something of its own.
   */
  readonly frameAncestors?: FrameAncestors | false;
  /** `"blacksheep"`: refuse with 401 and the header `Reason`, as BlackSheep does. Default: 403. */
  readonly compat?: "blacksheep";
  /** Pairs of another framework to accept for a while: `blackSheepPairs(…)` of `keepsake/interop/itsdangerous`. */
  readonly acceptLegacyPairs?: LegacyPairs;
  /** Receives what an operator should know. Default: a warning on the console, once a process. */
  readonly onEvent?: OnEvent;
  /** The time, in milliseconds since the epoch. Default: the system's clock. For tests. */
  readonly clock?: Clock;
  /** Secure random bytes. Default: the platform's CSPRNG. For tests. */
  readonly random?: Random;
}

const ANTI_FORGERY_OPTIONS = [
  "mode",
  "logOnly",
  "trustedOrigins",
  "selfOrigins",
  "exempt",
  "protectGet",
  "allowNonBrowser",
  "unproven",
  "fieldName",
  "headerName",
  "jsonField",
  "cookie",
  "cookieLifetime",
  "frameAncestors",
  "compat",
  "acceptLegacyPairs",
  "onEvent",
  "clock",
  "random",
] as const;

/** The options, checked and with their defaults. */
export interface AntiForgeryConfig {
  readonly rules: VerdictRules;
  readonly logOnly: boolean;
  readonly selfOrigins: readonly string[] | undefined;
  readonly exemptions: readonly string[];
  readonly fieldName: string;
  readonly headerName: string;
  readonly jsonField: boolean;
  readonly transport: SessionTransport;
  /** In milliseconds. */
  readonly cookieLifetime: number;
  readonly frameAncestors: FrameAncestors | false;
  readonly isBlackSheep: boolean;
  readonly legacyPairs: LegacyPairs | undefined;
  readonly onEvent: OnEvent;
  readonly clock: Clock;
  readonly random: Random;
}

const OWNER = "antiForgery";
/** How long the cookie lives is said by `cookieLifetime`, and it is short. */
const COOKIE_OPTIONS = COOKIE_OPTION_NAMES.filter(
  (each) => !["persistent", "chunks"].includes(each),
);
const NAME = /^[\w.~-]+$/;

/** @param own The names of one adapter's options. */
export function readOptions(
  options: AntiForgeryOptions,
  own: readonly string[] = [],
): AntiForgeryConfig {
  checkOptions(OWNER, options, [...ANTI_FORGERY_OPTIONS, ...own]);
  const { logOnly = false, jsonField = false, cookieLifetime = 3600 } = options;
  const { onEvent = warnOnce, clock = systemClock, random = systemRandom } = options;
  const { mode = "any-proof", unproven = "allow", frameAncestors = "self" } = options;
  checkOneOf("mode", mode, ["any-proof", "token-always"]);
  checkOneOf("unproven", unproven, ["allow", "refuse"]);
  checkOneOf("frameAncestors", frameAncestors, ["self", "none", false]);
  checkOneOf("compat", options.compat, ["blacksheep", undefined]);
  checkBoolean(OWNER, "logOnly", logOnly);
  checkBoolean(OWNER, "jsonField", jsonField);
  checkSeconds(OWNER, "cookieLifetime", cookieLifetime);
  checkFunction(OWNER, "onEvent", onEvent);
  checkFunction(OWNER, "clock", clock);
  checkFunction(OWNER, "random", random);
  checkPairs(options.acceptLegacyPairs);
  if (options.cookie !== undefined)
    checkOptions(`${OWNER}, cookie`, options.cookie, COOKIE_OPTIONS);
  if (logOnly && options.onEvent === undefined) {
    throw misconfigured(`${OWNER}: logOnly needs onEvent, which is told what would be refused.`);
  }
  const transport = cookieTransport(
    { name: "aftoken", ...options.cookie, persistent: true, chunks: 1 },
    { onEvent, clock },
  );
  if (transport.name === options.acceptLegacyPairs?.cookieName) {
    throw misconfigured(
      `${OWNER}: its cookie and that of the pairs to be accepted are both called ${transport.name}. Give it another name.`,
    );
  }
  const { selfOrigins, exempt = [] } = options;
  if (selfOrigins?.length === 0) {
    throw misconfigured(`${OWNER}: selfOrigins is empty. Leave it out to go by the Host header.`);
  }
  if (selfOrigins !== undefined) readOrigins(OWNER, "selfOrigins", selfOrigins);
  return {
    rules: {
      mode,
      unproven,
      trustedOrigins: readOrigins(OWNER, "trustedOrigins", options.trustedOrigins),
      isExempt: matchExactly("exempt", exempt),
      isProtectedGet: matchLoosely("protectGet", options.protectGet),
      allowsNonBrowser: matchExactly("allowNonBrowser", options.allowNonBrowser),
    },
    logOnly,
    selfOrigins,
    exemptions: [...exempt],
    fieldName: checkName("fieldName", options.fieldName ?? FIELD_NAME),
    headerName: checkName("headerName", options.headerName ?? HEADER_NAME),
    jsonField,
    transport,
    cookieLifetime: cookieLifetime * 1000,
    frameAncestors,
    isBlackSheep: options.compat === "blacksheep",
    legacyPairs: options.acceptLegacyPairs,
    onEvent,
    clock,
    random,
  };
}

function checkPairs(pairs: LegacyPairs | undefined): void {
  if (pairs === undefined) return;
  if (typeof pairs?.isPair === "function" && typeof pairs.cookieName === "string") return;
  throw misconfigured(
    `${OWNER}: acceptLegacyPairs must have a cookieName and a function isPair, as blackSheepPairs(…) gives it.`,
  );
}

function checkOneOf(name: string, value: unknown, known: readonly unknown[]): void {
  if (known.includes(value)) return;
  const list = known.filter((each) => each !== undefined).map((each) => JSON.stringify(each));
  throw misconfigured(`${OWNER}: ${name} must be ${list.join(" or ")}, not ${describe(value)}.`);
}

/** Safe in HTML as in a header. */
function checkName(name: string, value: unknown): string {
  if (typeof value === "string" && NAME.test(value)) return value;
  throw misconfigured(
    `${OWNER}: ${name} must be a name of letters, digits and -._~, not ${describe(value)}.`,
  );
}
