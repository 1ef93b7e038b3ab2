import { SessionError } from "../core/errors.ts";
import type { SessionMiddleware } from "../core/middleware.ts";
import type { Session } from "../core/session.ts";
import { readableLater, saveWith, withOpenHeaders } from "./_fetch-response.ts";
import { addHeaders, isClientsFault, refusalResponse } from "./_refusal.ts";

/** Makes the answer to an error. Without one the error is thrown on to the runtime. */
export type OnError =
  | ((error: unknown, request: Request) => Response | Promise<Response>)
  | undefined;

/** The answer to a request: its session loaded, handed to the handler, and saved. */
export async function answer<Data extends object, Answer extends Response | undefined>(
  middleware: SessionMiddleware<Data>,
  request: Request,
  handler: (session: Session<Data>) => Answer | Promise<Answer>,
  onError: OnError,
): Promise<Answer | Response> {
  const failed = async (error: unknown): Promise<Response> => {
    if (onError !== undefined) {
      const response = withOpenHeaders(await onError(error, request));
      if (error instanceof SessionError) addHeaders(response, error);
      return response;
    }
    if (isClientsFault(error)) return refusalResponse(error);
    throw error;
  };

  let session: Session<Data>;
  try {
    session = await middleware.load(request);
  } catch (error) {
    return failed(error);
  }
  const original = readableLater(request);
  let answered: Answer | Response;
  try {
    answered = await handler(session);
  } catch (error) {
    // Frameworks on top throw a response to answer with it.
    if (error instanceof Response) answered = error;
    else if (onError !== undefined) answered = await onError(error, request);
    else {
      // Nobody is left to answer, but a session that ended must not live on in the store.
      await saveWith(middleware, original, new Response(null, { status: 500 }), session);
      throw error;
    }
  }
  try {
    return await saveWith(middleware, original, answered, session);
  } catch (error) {
    return failed(error);
  }
}
