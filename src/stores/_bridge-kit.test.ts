import { randomBytes } from "node:crypto";
import { serviceUrl } from "../../scripts/services/index.ts";
import type { SessionRecord, UpdateContext } from "../core/repository.ts";

// Shared by tests of the bridges; it has none of its own.

export const REDIS_URL: string = await serviceUrl("redis");
export const DATABASE_URL: string = await serviceUrl("postgres");

export const NOW: number = Date.UTC(2026, 0, 1);
export const HOUR: number = 60 * 60 * 1000;
export const DAY: number = 24 * HOUR;

/** A name that no other run has, for keys and schemas. */
export const uniqueName = (): string => `keepsake_test_${randomBytes(6).toString("hex")}`;

export const newHandle = (): string => randomBytes(16).toString("base64url");

/** What every verb is given last. */
export function at(
  now: number = NOW,
  signal: AbortSignal = new AbortController().signal,
): UpdateContext {
  return { now, signal, before: { subject: undefined, endsAt: NOW } };
}

export function newRecord(changes: Partial<SessionRecord> = {}): SessionRecord {
  return {
    handle: newHandle(),
    version: 1,
    subject: undefined,
    label: undefined,
    createdAt: NOW,
    authenticatedAt: undefined,
    expiresAt: NOW + DAY,
    endsAt: NOW + 30 * DAY,
    credentials: "hash",
    data: "{}",
    flash: "",
    ...changes,
  };
}

export const nextOf = (
  before: SessionRecord,
  changes: Partial<SessionRecord> = {},
): SessionRecord => ({ ...before, version: before.version + 1, ...changes });

/** What a promise is by now: everything that needs no outside world has had its turn. */
export async function stateOf(answer: unknown): Promise<"pending" | "kept" | "broken"> {
  const turn = new Promise((resolve) => setImmediate(resolve)).then(() => "pending" as const);
  return Promise.race([
    Promise.resolve(answer).then(
      () => "kept" as const,
      () => "broken" as const,
    ),
    turn,
  ]);
}
