import { AsyncLocalStorage } from "node:async_hooks";
import type { ServerResponse } from "node:http";
import { answerPlainly, beginAgain, cutOff } from "./_node-failure.ts";
import type { HeadersBefore } from "./_node-headers.ts";
import { callbackOf, callDropped, type Originals, wrap } from "./_node-methods.ts";
import { PROGRESS, watch } from "./_node-properties.ts";
import { releaseSources } from "./_node-sources.ts";
import { statusOf } from "./_refusal.ts";

/** An answer that must not be sent, and the one that takes its place. */
interface Failure {
  readonly original: Originals;
  /** The headers that the other answer begins with. */
  readonly headers: HeadersBefore;
  /** Whether the application has ended the answer that is dropped. */
  readonly ended: boolean;
  readonly error: unknown;
  /** Has those go on who wait to write more. */
  drain(): void;
  /** Answers, at once or later. */
  fail(error: unknown): void;
}

type Listener = (...args: unknown[]) => void;

/** The failure that is being answered, for all that is done about it, at once or later. */
const answering = new AsyncLocalStorage<object>();

/** Runs what answers a failure, and knows it again in all that it sets going. */
export function answer(failure: object, act: () => void): void {
  answering.run(failure, act);
}

/** Whether it is what answers a failure that runs now, and not the application, which may be still at its own answer. */
export function isAnswering(failure: object): boolean {
  return answering.getStore() === failure;
}

/** What else reaches the client, beside `write`, `writeHead` and `end`. */
const REACHING = [
  "setHeader",
  "setHeaders",
  "appendHeader",
  "removeHeader",
  "flushHeaders",
  "writeEarlyHints",
  "addTrailers",
  "setTrailer",
  "destroy",
];

/**
 * Drops what the application has written and still writes, and lets another answer take its place, which is never a
 * success. Both use the same response. They are told apart by who calls: what `fail` does, and all that it sets going,
 * is the other answer; everything else is the application. Where that cannot be told, because a callback has lost its
 * context, nothing is sent: no answer is better than a mixture.
 */
export function giveWay(response: ServerResponse, failure: Failure): void {
  const { original, headers, error } = failure;
  const isOther = (): boolean => isAnswering(failure);
  /** Whether the other answer is on its way. Until then the application sees its own as sent. */
  let begun = false;
  // A source that is taken off does not end it any more.
  let ended = releaseSources(response) || failure.ended;

  // On the response itself, because wrappers around it believe that it has ended.
  Object.assign(response, original);
  for (const name of REACHING) {
    wrap(response, name, (call, args) => (isOther() ? call(args) : response));
  }
  watch(response, ["statusCode", "statusMessage"], { isLocked: () => !isOther() });
  watch(response, PROGRESS, { read: (_, value) => !begun || value });

  response.write = function write(...args: unknown[]): boolean {
    if (!isOther()) return callDropped(args, true);
    return Reflect.apply(original.write, response, args) as boolean;
  } as ServerResponse["write"];

  response.writeHead = function writeHead(code: number, ...rest: unknown[]): ServerResponse {
    if (!isOther()) return response;
    const final = code < 300 ? statusOf(error) : code;
    return Reflect.apply(original.writeHead, response, [final, ...rest]) as ServerResponse;
  } as ServerResponse["writeHead"];

  // An event may come from where the context is unknown, as `drain` does, for which a long answer waits.
  wrap(response, "on", (call, [event, listener]) =>
    call([event, isOther() ? inContext(response, failure, listener as Listener) : listener]),
  );

  response.end = function end(...args: unknown[]): ServerResponse {
    if (isOther()) return Reflect.apply(original.end, response, args) as ServerResponse;
    if (begun && ended && !response.writableEnded) {
      // The application is through with its own. So it may be the other one's, which nobody else will end.
      answer(failure, () => endWithout(response, original, args));
      return response;
    }
    ended = true;
    return callDropped(args, response);
  } as ServerResponse["end"];

  // Once the application is done with its own answer, as far as it does not wait for anything.
  setImmediate(() => {
    begun = true;
    // Whoever waits to write more has to go on, if only to come to an end. Later this event is for the other answer alone.
    failure.drain();
    response.removeAllListeners("drain");
    answer(failure, () => {
      try {
        beginAgain(response, headers, error);
        failure.fail(error);
      } catch (worse) {
        // Here it would end the process.
        answerPlainly(response, worse);
      }
    });
  });
}

/** A listener that runs as what answers the failure. It can be taken off as if it were the one it was made of. */
function inContext(response: ServerResponse, failure: Failure, listener: Listener): Listener {
  const bound: Listener = (...args) => {
    answer(failure, () => Reflect.apply(listener, response, args));
  };
  return Object.assign(bound, { listener });
}

/** Ends an answer without what the call says: with its status alone, or cut off where it has begun. */
function endWithout(response: ServerResponse, { end }: Originals, args: readonly unknown[]): void {
  if (response.headersSent) cutOff(response);
  else Reflect.apply(end, response, [callbackOf(args)]);
}
