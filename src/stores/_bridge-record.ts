import { isValues } from "../core/json.ts";
import { isRecord, type SessionRecord } from "../core/repository.ts";

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
  const record = {
    handle,
    version,
    // Some databases know no undefined.
    subject: value.subject ?? undefined,
    label: value.label ?? undefined,
    createdAt,
    authenticatedAt: value.authenticatedAt ?? undefined,
    expiresAt,
    endsAt,
    credentials,
    data,
    flash,
  };
  return isRecord(record) ? record : undefined;
}
