import { readFile } from "node:fs/promises";

/** What `docs/format-vectors.json` holds. `docs/format.md` says what the fields mean. */
export interface Vectors {
  readonly tokens: readonly TokenVector[];
  readonly nearMisses: readonly NearMiss[];
  readonly sessions: readonly SessionVector[];
  readonly chunks: readonly ChunkVector[];
  readonly requests: readonly RequestVector[];
}

export type SuiteName = "k1" | "k2" | "s1";

/** Where a token is presented, and with which secrets. */
export interface Place {
  /** The newest first. */
  readonly secrets: readonly string[];
  readonly audience: string;
  readonly purpose: string;
  readonly name: string;
}

export interface TokenVector extends Place {
  readonly suite: SuiteName;
  readonly why: string;
  readonly stale: boolean;
  readonly now: number;
  /** The signed suite has none. */
  readonly nonce?: string;
  readonly fields: Fields;
  readonly payload: string;
  readonly token: string;
}

/** A session's fields, or a note's: then `seenAt` is there, and no other time. */
export interface Fields {
  readonly handle: string;
  readonly issuedAt?: number;
  readonly createdAt?: number;
  readonly authenticatedAt?: number;
  readonly expiresAt?: number;
  /** In hexadecimal. */
  readonly antiForgerySecret?: string;
  readonly subject?: string;
  readonly flash?: string;
  readonly data?: string;
  readonly seenAt?: number;
}

export interface NearMiss extends Place {
  readonly suite: SuiteName;
  readonly why: string;
  readonly token: string;
}

export interface SessionVector extends Place {
  readonly why: string;
  readonly now: number;
  readonly idleTimeout: number;
  readonly absoluteTimeout: number;
  readonly payload: string;
  readonly token: string;
  readonly seen: readonly string[];
  /** When the session ends; `null` where there is none. */
  readonly end: number | null;
}

export interface ChunkVector extends Place {
  readonly why: string;
  readonly now: number;
  readonly cookies: Readonly<Record<string, string>>;
  readonly token: string;
}

/** What a request carries, and which token is the session's. */
export interface RequestVector extends Place {
  readonly why: string;
  /** In how many cookies the reader allows a token. */
  readonly chunks: 1 | 2 | 3;
  readonly now: number;
  /** In the order of the header, names and values. */
  readonly cookies: readonly (readonly [name: string, value: string])[];
  /** `null` where there is no session. */
  readonly token: string | null;
}

export async function readVectors(): Promise<Vectors> {
  const file = new URL("../../docs/format-vectors.json", import.meta.url);
  return JSON.parse(await readFile(file, "utf8"));
}

export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
