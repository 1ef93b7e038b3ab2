import { isValues } from "../core/json.ts";
import type { SessionRecord } from "../core/repository.ts";

/** A record as a plain object of texts and numbers: what every store that takes objects can keep. */
export type StoredRecord = Readonly<Record<string, string | number>>;

export function toStored(record: SessionRecord): StoredRecord {
  const { subject, label, authenticatedAt } = record;
  return {
    handle: record.handle,
    version: record.version,
    ...(subject !== undefined && { subject }),
    ...(label !== undefined && { label }),
    createdAt: record.createdAt,
    ...(authenticatedAt !== undefined && { authenticatedAt }),
    expiresAt: record.expiresAt,
    endsAt: record.endsAt,
    credentials: record.credentials,
    data: record.data,
    flash: record.flash,
  };
}

/** `undefined` where the value is not what `toStored` made. */
export function fromStored(value: unknown): SessionRecord | undefined {
  if (!isValues(value)) return undefined;
  const { handle, version, createdAt, expiresAt, endsAt, credentials, data, flash } = value;
  // Some databases know no undefined.
  const subject = value.subject ?? undefined;
  const label = value.label ?? undefined;
  const authenticatedAt = value.authenticatedAt ?? undefined;
  const isWhole =
    isText(handle) &&
    isWholeNumber(version) &&
    (subject === undefined || isText(subject)) &&
    (label === undefined || isText(label)) &&
    isWholeNumber(createdAt) &&
    (authenticatedAt === undefined || isWholeNumber(authenticatedAt)) &&
    isWholeNumber(expiresAt) &&
    isWholeNumber(endsAt) &&
    isText(credentials) &&
    isText(data) &&
    isText(flash);
  if (!isWhole) return undefined;
  return {
    handle,
    version,
    subject,
    label,
    createdAt,
    authenticatedAt,
    expiresAt,
    endsAt,
    credentials,
    data,
    flash,
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isWholeNumber(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
