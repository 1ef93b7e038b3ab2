import type { Contents } from "../changes.ts";
import { andThen, type Eventually } from "../promises.ts";
import type { SessionRecord } from "../repository.ts";
import type { Candidate } from "../transports.ts";
import type { Loaded, ServerContext } from "./context.ts";
import type { Operation } from "./guard.ts";
import { openRecord, parseTexts } from "./opening.ts";
import type { Presented } from "./tokens.ts";

/** A token that a request carries, read but not yet known to be true. */
export interface PresentedToken extends Candidate {
  readonly presented: Presented;
}

/** What a request's tokens turned out to be. */
export interface LoadResult {
  readonly loaded: Loaded | undefined;
  readonly contents: Contents;
  /** None of them opens a session, and one lately did: the request was under way when that ended, or is a thief's. */
  readonly isLate: boolean;
}

type Found = Loaded & { readonly contents: Contents };

type Answer = Found | "late" | undefined;

/** Looks up what the tokens of a request name: one read for each handle, at the same time. */
export function loadSession(
  context: ServerContext,
  tokens: readonly PresentedToken[],
): Eventually<LoadResult> {
  const operation = context.guard.begin();
  const [first, second] = tokens;
  if (first !== undefined && second === undefined) {
    return andThen(find(context, operation, first), (answer) => resultOf(context, [answer]));
  }
  return Promise.all(tokens.map((token) => find(context, operation, token))).then((answers) =>
    resultOf(context, answers),
  );
}

function resultOf(context: ServerContext, answers: readonly Answer[]): LoadResult {
  const found = answers.filter((answer) => typeof answer === "object");
  const loaded = context.transports.choose(found, () =>
    context.onEvent({ type: "duplicate-token" }),
  );
  return {
    loaded,
    contents: loaded?.contents ?? { data: {}, flash: {} },
    isLate: found.length === 0 && answers.includes("late"),
  };
}

function find(
  context: ServerContext,
  operation: Operation,
  token: PresentedToken,
): Eventually<Answer> {
  return andThen(operation.read(token.presented.handle), (record) =>
    answerTo(context, token, record),
  );
}

function answerTo(
  context: ServerContext,
  { presented, transport }: PresentedToken,
  record: SessionRecord | undefined,
): Answer {
  const { config, onEvent } = context;
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
    if (contents !== undefined) {
      return { ...opened, id, presented, loadedAt: now, transport, contents, hasEnded: false };
    }
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
  { authenticatedAt, createdAt }: SessionRecord,
  now: number,
): boolean {
  return now >= timeline.absoluteEnd(authenticatedAt ?? createdAt);
}
