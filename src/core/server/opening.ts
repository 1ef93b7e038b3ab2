import type { Contents } from "../changes.ts";
import type { Codec } from "../codec.ts";
import type { Random } from "../random.ts";
import type { SessionRecord } from "../repository.ts";
import {
  type Credentials,
  readCredentials,
  type Standing,
  standingOf,
  wrapFor,
} from "./credentials.ts";
import { DataKey, type Texts } from "./data-key.ts";
import type { Presented } from "./tokens.ts";

/** A record and what its holder's credential makes of it. */
export interface Opened {
  readonly record: SessionRecord;
  readonly credentials: Credentials;
  readonly standing: "current" | "successor" | "grace";
  /** The contents' texts, decrypted. */
  readonly texts: Texts;
  /** Where the record is encrypted. */
  readonly dataKey: DataKey | undefined;
}

/** Why a record was not opened. */
type NotOpened = Exclude<Standing, Opened["standing"]> | "unreadable";

/** Opens a record with what a request presented. */
export function openRecord(
  record: SessionRecord,
  { handle, credential, hash }: Presented,
  now: number,
  random: Random,
): Opened | NotOpened {
  const credentials = readCredentials(record.credentials);
  if (credentials === undefined) return "unreadable";
  const standing = standingOf(credentials, hash, now);
  if (standing === "overdue" || standing === "retired" || standing === "unknown") return standing;
  const wrap = wrapFor(credentials, hash);
  if (wrap === undefined)
    return { record, credentials, standing, texts: record, dataKey: undefined };
  const dataKey = DataKey.unwrap(wrap, credential, handle, random);
  const texts = dataKey?.openTexts(record);
  return texts === undefined ? "unreadable" : { record, credentials, standing, texts, dataKey };
}

/** `undefined` where the serializer cannot read the texts. */
export function parseTexts(codec: Codec, texts: Texts): Contents | undefined {
  const data = codec.parse(texts.data);
  const flash = texts.flash === "" ? {} : codec.parse(texts.flash);
  return data && flash && { data, flash };
}

export function writeTexts(codec: Codec, { data, flash }: Contents): Texts {
  return {
    data: codec.stringify(data),
    flash: Object.keys(flash).length === 0 ? "" : codec.stringify(flash),
  };
}

export function isEmpty({ data, flash }: Contents): boolean {
  return Object.keys(data).length === 0 && Object.keys(flash).length === 0;
}
