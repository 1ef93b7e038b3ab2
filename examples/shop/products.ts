import type { Html } from "./html.ts";
import { pictures } from "./pictures.ts";

export interface Product {
  readonly id: string;
  readonly name: string;
  /** The name with its article, for a sentence. */
  readonly one: string;
  readonly description: string;
  readonly cents: number;
  readonly picture: Html;
}

export const products: readonly Product[] = [
  {
    id: "compass",
    name: "Brass compass",
    one: "a brass compass",
    description: "Points north, and after a while also home.",
    cents: 3800,
    picture: pictures.compass,
  },
  {
    id: "wax",
    name: "Sealing wax",
    one: "a set of sealing wax",
    description: "For letters that are only one person’s business.",
    cents: 1400,
    picture: pictures.wax,
  },
  {
    id: "notebook",
    name: "Pocket notebook",
    one: "a pocket notebook",
    description: "Ninety-six sewn pages that stay open where you left them.",
    cents: 1200,
    picture: pictures.notebook,
  },
  {
    id: "music-box",
    name: "Music box",
    one: "a music box",
    description: "Eighteen notes of a tune you almost remember.",
    cents: 2900,
    picture: pictures.musicBox,
  },
  {
    id: "fern",
    name: "Pressed fern",
    one: "a pressed fern",
    description: "Picked one Sunday in May, and still there.",
    cents: 1600,
    picture: pictures.fern,
  },
  {
    id: "key",
    name: "Old key",
    one: "an old key",
    description: "Opens nothing we know of. Somebody kept it anyway.",
    cents: 900,
    picture: pictures.key,
  },
];

export function findProduct(id: unknown): Product | undefined {
  return products.find((product) => product.id === id);
}

const euros = new Intl.NumberFormat("en-IE", { style: "currency", currency: "EUR" });

export function price(cents: number): string {
  return euros.format(cents / 100);
}
