/** Pairs of a cookie and a control value that another framework gave out, to be accepted for a while. */
export interface LegacyPairs {
  readonly cookieName: string;
  /** @param now In milliseconds since the epoch. */
  isPair(cookie: string, control: string, now: number): boolean;
}
