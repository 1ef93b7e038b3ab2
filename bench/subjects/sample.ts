import assert from "node:assert/strict";

/** The session that everybody keeps. */
export interface Sample {
  user: string;
  name: string;
  theme: string;
  /** What the routes read and change: six digits, so that the size stays. */
  count: number;
  cart: { item: string; title: string; quantity: number }[];
  returnTo: string;
}

export const FIRST_COUNT = 100_000;
const COUNTS = 900_000;
const BYTES = 300;

/** A session of 300 bytes as JSON. */
export function sample(): Sample {
  return {
    user: "usr_8f14e45fceea167a",
    name: "Ada Lovelace",
    theme: "dark",
    count: FIRST_COUNT,
    cart: [
      { item: "sku-10442", title: "Analytical Engine, brass", quantity: 1 },
      { item: "sku-20817", title: "Punched cards, 500 pieces", quantity: 3 },
    ],
    returnTo: "/checkout/address?step=2&from=cart&campaign=november-23",
  };
}

assert.equal(Buffer.byteLength(JSON.stringify(sample())), BYTES, "the sample has another size");

/** Numbers to change the sample to, each other than the one before. */
export function counter(): () => number {
  let next = 0;
  return () => {
    next = (next + 1) % COUNTS;
    return FIRST_COUNT + next;
  };
}
