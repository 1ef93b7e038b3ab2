/** The time now, in milliseconds since the epoch. Injected everywhere, so that tests need not wait. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();
