import type { SessionRecord } from "../repository.ts";
import type { ServerContext } from "./context.ts";
import { readCredentials, standingOf } from "./credentials.ts";
import { isSameLogin } from "./ending.ts";
import type { Loaded } from "./loaded.ts";
import { isOver } from "./loading.ts";

/**
 * Whether the session that a request opened is still the same login. A token that was renewed since is no end, and one
 * that a login or a regeneration has retired is: whoever holds no other may not stay.
 */
export async function isStillAlive(context: ServerContext, loaded: Loaded): Promise<boolean> {
  const record = await context.guard.begin().read(loaded.id);
  const now = context.config.clock();
  if (record === undefined || now >= record.expiresAt || isOver(context, record, now)) return false;
  return isSameLogin(record, loaded.opened.record) && isHolder(record, loaded, now);
}

function isHolder(record: SessionRecord, loaded: Loaded, now: number): boolean {
  const credentials = readCredentials(record.credentials);
  if (credentials?.current === undefined) return false;
  const hash = loaded.heldHash ?? loaded.presented.hash;
  if (standingOf(credentials, hash, now) === "retired") return false;
  // A credential that was renewed is forgotten after a while, so it is its successor that has to be followed.
  loaded.heldHash = credentials.current.hash;
  return true;
}
