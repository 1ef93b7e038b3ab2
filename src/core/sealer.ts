/** What a token is sealed to. A token opens only where all of it is the same. */
export interface SealContext {
  /** What the token is for, such as `"session"`. */
  readonly purpose: string;
  /** The name it travels under: the cookie's, prefix included, or the header's. */
  readonly name: string;
  /** Milliseconds since the epoch, for formats that carry a time of their own. */
  readonly now: number;
  /**
   * While sealing: the token that this one takes the place of, if there is one, for formats that carry along what others
   * have written. It need not be one that the same sealer opened.
   */
  readonly before?: string;
}

/** What a token held. */
export interface Opened {
  readonly bytes: Uint8Array;
  /** Sealed by a key that is no longer the newest, or by a sealer that is not the first: seal it again at the next save. */
  readonly stale: boolean;
  /**
   * Why the data in the bytes cannot be read, where the sealer knows: the rest is as it should be, but there is no
   * session, and the store tells of it as `data-refused`. Holds nothing of the data.
   */
  readonly unreadable?: string;
}

/**
 * Encrypts and authenticates bytes for one purpose and one name.
 * `open` gives `undefined` for whatever `seal` did not make: it never throws, and never says why.
 *
 * The bytes are laid out as `docs/format.md` has it: a sealer may translate them into another format. A token is made of
 * letters, digits and `._~+/=-`, and does not begin with a digit and `~`, as the first of several cookies does.
 */
export interface Sealer {
  /** `false` where others read these tokens, too, and know nothing of a token in several cookies. Default: `true`. */
  readonly chunkable?: boolean;
  seal(bytes: Uint8Array, context: SealContext): string;
  open(token: string, context: SealContext): Opened | undefined;
}
