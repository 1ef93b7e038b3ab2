import type { Session } from "keepsake";
import { findProduct, type Product } from "./products.ts";

/** How many there are of each product. Prices are not in it: they are the shop's to say. */
export type Cart = Record<string, number>;

export interface Line {
  readonly product: Product;
  readonly quantity: number;
}

export const MOST_OF_ONE = 9;

/** What is in the cart, without what the shop has stopped selling since. */
export function cartLines(session: Session): readonly Line[] {
  return Object.entries(cartOf(session)).flatMap(([id, quantity]) => {
    const product = findProduct(id);
    return product === undefined ? [] : [{ product, quantity }];
  });
}

export function totalCents(lines: readonly Line[]): number {
  return lines.reduce((sum, { product, quantity }) => sum + product.cents * quantity, 0);
}

/** Returns whether there was room for one more. */
export function addOne(session: Session, { id }: Product): boolean {
  const before = cartOf(session)[id] ?? 0;
  session.modify("cart", (cart = {}) => ({ ...cart, [id]: clamp((cart[id] ?? 0) + 1) }));
  return before < MOST_OF_ONE;
}

/** Changes nothing, and so makes no session, where the product is not in the cart: another window may have removed it. */
export function setQuantity(session: Session, { id }: Product, quantity: number): void {
  if (!contains(session, id)) return;
  session.modify("cart", (cart = {}) => (id in cart ? { ...cart, [id]: clamp(quantity) } : cart));
}

/** Returns whether it was there. */
export function remove(session: Session, { id }: Product): boolean {
  if (!contains(session, id)) return false;
  session.modify("cart", (cart = {}) => {
    const { [id]: _, ...others } = cart;
    return others;
  });
  return true;
}

function contains(session: Session, id: string): boolean {
  return Object.hasOwn(cartOf(session), id);
}

function cartOf(session: Session): Cart {
  return session.get("cart") ?? {};
}

function clamp(quantity: number): number {
  return Math.min(Math.max(quantity, 1), MOST_OF_ONE);
}
