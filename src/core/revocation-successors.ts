import { SessionError } from "./errors.ts";
import type { RevocationAnswers } from "./revocation-answers.ts";
import type { TimeLimit } from "./time-limit.ts";

/** Each costs a question or two, of which a request has time for a few. */
const MOST_SUCCESSORS = 16;

/**
 * The handles that `regenerate()` has given a session since it had this one, the oldest first. None where the revocation
 * cannot tell.
 *
 * @throws `ERR_SESSION_GONE` where there are too many, `ERR_SESSION_STORE`.
 */
export async function* successorsOf(
  answers: RevocationAnswers,
  id: string,
  timeLimit: TimeLimit,
): AsyncGenerator<string> {
  let successor = await answers.successorOf(id, timeLimit);
  for (let count = 0; successor !== undefined; count += 1) {
    if (count === MOST_SUCCESSORS) throw stillGoing(`it got more than ${MOST_SUCCESSORS} since`);
    yield successor;
    successor = await answers.successorOf(successor, timeLimit);
  }
}

/** For an end that did not reach a session that may go on: it must not look as if it had. */
export function stillGoing(why: string): SessionError {
  return new SessionError(
    "ERR_SESSION_GONE",
    `The session was not ended, because it may go on under another handle, and ${why}. Do it again, with the cookie or ` +
      "the handle that the session has by now.",
  );
}
