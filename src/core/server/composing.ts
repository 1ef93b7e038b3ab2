import { applyChanges, type Change, type Contents, runAgain } from "../changes.ts";
import { SessionError } from "../errors.ts";
import type { SessionRecord } from "../repository.ts";
import type { Pending, StoredState } from "../session-state.ts";
import { REMEMBERED, startOf } from "../timeouts.ts";
import type { ServerContext } from "./context.ts";
import {
  CREDENTIAL_BYTES,
  type Credentials,
  end,
  issue,
  kept,
  writeCredentials,
} from "./credentials.ts";
import { DataKey, type Texts } from "./data-key.ts";
import type { Loaded } from "./loaded.ts";
import { settleConflicts } from "./merge.ts";
import { isEmpty, type Opened, parseTexts, writeTexts } from "./opening.ts";
import { renew, sameUnderNewestSecret } from "./renewing.ts";

/** By how much a clock may be behind, in milliseconds; what is more is an idle timeout that has been made shorter. */
const LARGEST_STEP = 65 * 60_000;

/** What a request did to a session, taken down once: it may have to be done again, to a newer record. */
export interface Plan {
  readonly changes: readonly Change[];
  readonly pending: Pending;
  readonly state: StoredState;
  /** The contents as the request left them. */
  readonly contents: Contents;
  readonly label: string | undefined;
}

/** What is to be written. */
export interface Next {
  /** Without one nothing of the record changes. */
  readonly record?: SessionRecord;
  /** The credential to hand out. */
  readonly credential?: Uint8Array | undefined;
  readonly did: "login" | "regenerated" | "renewed" | "ended" | "changed" | "nothing";
}

/** The first record of a session. */
export function firstRecord(
  context: ServerContext,
  { state, contents, label }: Plan,
): Next & { readonly record: SessionRecord; readonly credential: Uint8Array } {
  const now = context.config.clock();
  const { id: handle, subject, createdAt, authenticatedAt } = state;
  const texts = writeTexts(context.config.codec, contents);
  const fresh = freshCredential(context, state, texts, {}, now);
  const { expiresAt, endsAt } = ends(context, now, startOf(state));
  return {
    record: {
      handle,
      version: 1,
      subject,
      label: subject === undefined ? undefined : label,
      createdAt,
      authenticatedAt,
      expiresAt,
      endsAt,
      credentials: writeCredentials(fresh.credentials),
      data: fresh.texts.data,
      flash: fresh.texts.flash,
    },
    credential: fresh.credential,
    did: "changed",
  };
}

/** What becomes of a record that is there: of the one that the request saw, or of a newer one. */
export function nextRecord(
  context: ServerContext,
  opened: Opened,
  loaded: Loaded,
  plan: Plan,
): Next {
  const { record } = opened;
  const now = context.config.clock();
  const contents = contentsAfter(context, opened, loaded, plan);
  if (plan.pending === "end" && record.subject === undefined && contents && isEmpty(contents)) {
    return { record: endedRecord(record, opened.credentials, now), did: "ended" };
  }
  const texts = contents && writeTexts(context.config.codec, contents);
  if (plan.pending === "login" || plan.pending === "regenerate") {
    return withNewCredential(context, opened, plan, texts ?? opened.texts, now);
  }
  const renewal = renew(context, opened, loaded, now);
  if (texts === undefined && renewal.credentials === undefined) {
    return { credential: renewal.handOut, did: "nothing" };
  }
  const { expiresAt, endsAt } = ends(context, now, startOf(record), record.expiresAt);
  const { data, flash } = (texts && opened.dataKey?.sealTexts(texts)) ?? texts ?? record;
  const credentials = renewal.credentials
    ? writeCredentials(renewal.credentials)
    : record.credentials;
  return {
    record: { ...record, version: record.version + 1, expiresAt, endsAt, credentials, data, flash },
    credential: renewal.handOut ?? sameUnderNewestSecret(opened, loaded),
    did: renewal.isNew ? "renewed" : "changed",
  };
}

/** Emptied and marked: it is kept only to tell late requests from strangers. */
export function endedRecord(
  record: SessionRecord,
  credentials: Credentials,
  now: number,
): SessionRecord {
  return {
    ...record,
    version: record.version + 1,
    subject: undefined,
    label: undefined,
    authenticatedAt: undefined,
    expiresAt: now + REMEMBERED,
    endsAt: now + REMEMBERED,
    credentials: writeCredentials(end(credentials, now)),
    data: "",
    flash: "",
  };
}

/** `undefined` where nothing changed. */
function contentsAfter(
  { config: { codec }, onConflict }: ServerContext,
  opened: Opened,
  loaded: Loaded,
  { changes, contents }: Plan,
): Contents | undefined {
  if (changes.length === 0) return undefined;
  if (opened.record === loaded.opened.record) return contents;
  const newest = parseTexts(codec, opened.texts);
  const base = parseTexts(codec, loaded.opened.texts);
  if (newest === undefined || base === undefined) {
    throw new SessionError(
      "ERR_SESSION_STORE",
      "The serializer cannot read what another request wrote meanwhile, so nothing was changed. Mend the serializer.",
    );
  }
  return runAgain(() => {
    applyChanges(newest, settleConflicts(changes, base, newest, onConflict, codec), codec.copy);
    return newest;
  });
}

function withNewCredential(
  context: ServerContext,
  { record, credentials }: Opened,
  { pending, state, label }: Plan,
  texts: Texts,
  now: number,
): Next {
  const { handle: id } = record;
  const fresh = freshCredential(context, { ...state, id }, texts, credentials, now);
  const isLogin = pending === "login";
  const { subject, authenticatedAt } = isLogin ? state : record;
  return {
    record: {
      ...record,
      version: record.version + 1,
      subject,
      label: isLogin ? label : record.label,
      authenticatedAt,
      ...ends(context, now, authenticatedAt ?? record.createdAt),
      credentials: writeCredentials(fresh.credentials),
      ...fresh.texts,
    },
    credential: fresh.credential,
    did: isLogin ? "login" : "regenerated",
  };
}

/** A new credential, which ends all others; encrypted data gets a new key with it. */
function freshCredential(
  { config: { random }, encrypt }: ServerContext,
  { id, antiForgerySecret }: Pick<StoredState, "id" | "antiForgerySecret">,
  texts: Texts,
  before: Credentials,
  now: number,
): { readonly credential: Uint8Array; readonly credentials: Credentials; readonly texts: Texts } {
  const credential = random(CREDENTIAL_BYTES);
  const dataKey = encrypt ? DataKey.create(id, random) : undefined;
  const { data, flash } = dataKey?.sealTexts(texts) ?? texts;
  const credentials = issue(kept(credential, dataKey), now, before, antiForgerySecret);
  return { credential, credentials, texts: { data, flash } };
}

/** @param before The end that was written. A clock that is behind does not bring it forward, within reason. */
function ends({ config: { timeline } }: ServerContext, now: number, start: number, before = 0) {
  const end = timeline.writtenEnd(now, start);
  const endsAt = timeline.absoluteEnd(start);
  const isClock = before > end && before - end <= LARGEST_STEP;
  return { expiresAt: isClock ? Math.min(before, endsAt) : end, endsAt };
}
