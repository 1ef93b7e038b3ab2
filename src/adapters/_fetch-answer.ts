import { SessionError } from "../core/errors.ts";
import { internals, Session } from "../core/session.ts";
import { noSuccess, readableLater, saveWith } from "./_fetch-response.ts";
import type { AdapterMiddleware } from "./_middleware.ts";
import { addHeaders, isClientsFault, refusalResponse } from "./_refusal.ts";

/** What is done with a request beside its session. */
export interface Answering {
  readonly skip?: ((request: Request) => boolean) | undefined;
  /** Makes the answer to an error. Without one the error is thrown on to the runtime. */
  readonly onError?:
    | ((error: unknown, request: Request) => Response | Promise<Response>)
    | undefined;
}

/** The sessions of a request, by whichever wrappers around its handler they were loaded. */
const sessionsOf = new WeakMap<Request, readonly unknown[]>();

/** The answer to a request: its session loaded, handed to the handler, and saved. */
export async function answer<Data extends object, Answer extends Response | undefined>(
  middleware: AdapterMiddleware<Data>,
  request: Request,
  handler: (session: Session<Data>) => Answer | Promise<Answer>,
  { skip, onError }: Answering,
): Promise<Answer | Response> {
  const failed = async (error: unknown): Promise<Response> => {
    if (onError !== undefined) {
      const response = noSuccess(await onError(error, request), error);
      if (error instanceof SessionError) addHeaders(response, error);
      return response;
    }
    if (isClientsFault(error)) return refusalResponse(error);
    throw error;
  };
  const run = async (session: Session<Data>): Promise<Answer | Response> => {
    try {
      return await handler(session);
    } catch (error) {
      // Frameworks on top throw a response to answer with it.
      if (error instanceof Response) return error;
      if (onError === undefined) throw error;
      return onError(error, request);
    }
  };

  const open = (sessionsOf.get(request) ?? []).filter(isOpen);
  let other: Session<Data> | undefined;
  let session: Session<Data>;
  try {
    other = skip?.(request)
      ? middleware.skipped()
      : open.find((each) => middleware.isUnderWay(each));
    session = other ?? (await middleware.load(request));
  } catch (error) {
    return failed(error);
  }
  // Where a wrapper is around this one, that one saves.
  if (other !== undefined) return run(other);
  sessionsOf.set(request, [...open, session]);
  const original = readableLater(request);
  let answered: Answer | Response;
  try {
    answered = await run(session);
  } catch (error) {
    // Nobody is left to answer, but a session that ended must not live on in the store.
    await saveWith(middleware, original, new Response(null, { status: 500 }), session);
    throw error;
  }
  try {
    return await saveWith(middleware, original, answered, session);
  } catch (error) {
    return failed(error);
  }
}

function isOpen(session: unknown): boolean {
  return session instanceof Session && internals.isOpen(session);
}
