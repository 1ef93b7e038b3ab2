import { andThen, type Eventually } from "../promises.ts";
import type { SessionRecord } from "../repository.ts";
import { startOf } from "../timeouts.ts";
import type { ServerContext } from "./context.ts";
import type { Operation } from "./guard.ts";
import { Loaded, type PresentedToken } from "./loaded.ts";
import { openRecord, parseTexts } from "./opening.ts";

/**
 * What a request's tokens turned out to be. `late`: none of them opens a session, and one lately did, so the request was
 * under way when that ended, or is a thief's.
 */
export type LoadResult = Loaded | "late" | undefined;

/** Looks up what the tokens of a request name: one read for each handle, at the same time. */
export function loadSession(
  context: ServerContext,
  tokens: readonly PresentedToken[],
): Eventually<LoadResult> {
  const operation = context.guard.begin();
  const [first, second] = tokens;
  if (first !== undefined && second === undefined) {
    return find(context, operation, first);
  }
  return Promise.all(tokens.map(async (token) => find(context, operation, token))).then((results) =>
    chosen(context, results),
  );
}

function chosen(context: ServerContext, results: readonly LoadResult[]): LoadResult {
  const found = results.filter((result) => typeof result === "object");
  if (found.length === 0) return results.includes("late") ? "late" : undefined;
  return context.transports.choose(found, () => context.onEvent({ type: "duplicate-token" }));
}

function find(
  context: ServerContext,
  operation: Operation,
  token: PresentedToken,
): Eventually<LoadResult> {
  return andThen(operation.read(token.presented.handle), (record) =>
    answerTo(context, token, record),
  );
}

function answerTo(
  context: ServerContext,
  token: PresentedToken,
  record: SessionRecord | undefined,
): LoadResult {
  const { config, onEvent } = context;
  const { presented } = token;
  const { handle: id } = presented;
  const now = config.clock();
  const opened =
    record !== undefined && now < record.expiresAt
      ? openRecord(record, presented, now, config.random)
      : "over";
  if (opened === "over" || (typeof opened === "object" && isOver(context, opened.record, now))) {
    onEvent({ type: "token-refused", id, reason: "no-session" });
    return undefined;
  }
  if (typeof opened === "object") {
    const contents = parseTexts(config.codec, opened.texts);
    if (contents !== undefined) return new Loaded(context, opened, token, now, contents);
  }
  switch (opened) {
    case "retired":
      onEvent({ type: "token-refused", id, reason: "retired" });
      return "late";
    case "overdue":
      onEvent({ type: "token-refused", id, reason: "grace-over" });
      return "late";
    case "unknown":
      onEvent({ type: "token-refused", id, reason: "unknown-credential" });
      return undefined;
    default:
      onEvent({ type: "data-refused", id, reason: "the stored record cannot be read" });
      return undefined;
  }
}

/** By today's options: the record was written under those of its time. */
export function isOver(
  { config: { timeline } }: ServerContext,
  record: SessionRecord,
  now: number,
): boolean {
  return now >= timeline.absoluteEnd(startOf(record));
}
