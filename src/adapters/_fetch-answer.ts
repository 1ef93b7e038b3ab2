import { isThenable } from "../core/promises.ts";
import { internals, Session } from "../core/session.ts";
import { noSuccess, readableLater, saveWith } from "./_fetch-response.ts";
import type { AdapterMiddleware } from "./_middleware.ts";
import { addHeaders, isClientsFault, refusalResponse } from "./_refusal.ts";

/** What is done with a request beside its session. */
interface Answering {
  readonly skip?: ((request: Request) => boolean) | undefined;
  /** Makes the answer to an error. Without one the error is thrown on to the runtime. */
  readonly onError?:
    | ((error: unknown, request: Request) => Response | Promise<Response>)
    | undefined;
}

/** Where a request keeps its sessions, by whichever wrappers around its handler they were loaded. */
const SESSIONS: unique symbol = Symbol("keepsake.sessions");

interface Kept extends Request {
  [SESSIONS]?: readonly unknown[];
}

/** The answer to a request: its session loaded, handed to the handler, and saved. */
export async function answer<Data extends object, Answer extends Response | undefined>(
  middleware: AdapterMiddleware<Data>,
  request: Kept,
  handler: (session: Session<Data>) => Answer | Promise<Answer>,
  answering: Answering,
): Promise<Answer | Response> {
  const open = request[SESSIONS]?.filter(isOpen) ?? [];
  let other: Session<Data> | undefined;
  let session: Session<Data>;
  try {
    other = answering.skip?.(request)
      ? middleware.skipped()
      : open.find((each) => middleware.isUnderWay(each));
    const loaded = other ?? middleware.load(request);
    session = isThenable(loaded) ? await loaded : loaded;
  } catch (error) {
    return failed(error, request, answering);
  }
  const original = readableLater(request);
  // Where a wrapper is around this one, that one saves.
  if (other === undefined) request[SESSIONS] = [...open, session];
  let answered: Answer | Response;
  try {
    try {
      answered = await handler(session);
    } catch (error) {
      answered = await thrown(error, request, answering);
    }
  } catch (error) {
    // Nobody is left to answer, but a session that ended must not live on in the store.
    if (other === undefined) {
      await saveWith(middleware, original, new Response(null, { status: 500 }), session);
    }
    throw error;
  }
  if (other !== undefined || middleware.closeUnused(session)) return answered;
  try {
    return await saveWith(middleware, original, answered, session);
  } catch (error) {
    return failed(error, request, answering);
  }
}

/** The answer to what a handler threw. */
function thrown(
  error: unknown,
  request: Request,
  { onError }: Answering,
): Response | Promise<Response> {
  // Frameworks on top throw a response to answer with it.
  if (error instanceof Response) return error;
  if (onError === undefined) throw error;
  return onError(error, request);
}

/** The answer to what kept a session from being loaded or saved. */
async function failed(error: unknown, request: Request, { onError }: Answering): Promise<Response> {
  if (onError !== undefined) {
    const response = noSuccess(await onError(error, request), error);
    addHeaders(response, error);
    return response;
  }
  if (isClientsFault(error)) return refusalResponse(error);
  throw error;
}

function isOpen(session: unknown): boolean {
  return session instanceof Session && internals.isOpen(session);
}
