/**
 * The type of every session's data, for an application to augment once:
 *
 * @example
 * ```ts
 * declare module "keepsake" {
 *   interface SessionData {
 *     cart: string[];
 *   }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is empty until an application augments it
export interface SessionData {}

/** What a session holds where no type is given: `SessionData` once it is augmented, and until then anything. */
export type DefaultData = keyof SessionData extends never ? Record<string, unknown> : SessionData;

/** The keys of a session's data. */
export type KeyOf<Data> = keyof Data & string;
