import type { OnEvent } from "../core/events.ts";
import { optionNames } from "../core/options.ts";
import type { Revocation } from "../core/revocation.ts";
import type { Sealer } from "../core/sealer.ts";
import type { Secret } from "../core/secrets.ts";
import { SESSION_OPTIONS, type SessionOptions } from "../core/session-config.ts";
import { TRANSPORT_OPTIONS, type TransportOptions } from "../core/transports.ts";

/** What a store takes that keeps the whole session in the client: `secret` or `sealer`, and what every store does. */
export interface CookieSessionStoreOptions extends SessionOptions, TransportOptions {
  /**
   * One secret of at least 32 random bytes as text, or several to rotate: the newest first. The newest seals, all open,
   * and what an older one sealed is sealed anew at its next save.
   */
  readonly secret?: Secret;
  /** Separates applications or tenants that share a secret: none opens the sessions of another. 512 bytes or fewer. Default: `""`. */
  readonly audience?: string;
  /**
   * Another way to seal, instead of `secret`; or a list of ways, to move from one to another. The first seals, all open,
   * and what another than the first sealed is sealed anew at its next save. With several servers list the new one
   * second, until every server knows it, and then first.
   */
  readonly sealer?: Sealer | readonly Sealer[];
  /**
   * Knows which sessions have ended, so that a copied cookie is good for nothing after a logout: a function that is asked
   * on load, or `repositoryRevocation(repository)`. Default: none, so that only time ends a copied cookie.
   */
  readonly revocation?: Revocation | Revocation["isRevoked"];
  /** Seconds that a load or a save may wait for the revocation in all, before it fails with `ERR_SESSION_STORE`. Default: 2. */
  readonly timeout?: number;
  /** Receives what an operator should know. Default: a warning on the console, once a process. */
  readonly onEvent?: OnEvent;
}

export const COOKIE_STORE_OPTIONS: readonly string[] = optionNames<CookieSessionStoreOptions>({
  secret: true,
  audience: true,
  sealer: true,
  revocation: true,
  timeout: true,
  onEvent: true,
  ...TRANSPORT_OPTIONS,
  ...SESSION_OPTIONS,
});
