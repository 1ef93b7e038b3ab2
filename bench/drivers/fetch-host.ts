import { counter } from "../subjects/sample.ts";
import type { Actions } from "../subjects/subject.ts";
import { type FetchHandler, HEADERS, type Host, type Path, textOf, whenDone } from "./host.ts";

/** Asks a handler with a Fetch Request. */
export function fetchHost(handler: FetchHandler, close?: () => Promise<void>): Host {
  const request = (path: Path, cookie: string | undefined): Request =>
    new Request(`http://${HEADERS.host}${path}`, {
      headers: cookie === undefined ? HEADERS : { ...HEADERS, cookie },
    });
  return {
    handler,
    ...(close && { close }),
    // The body is as it is, in text: reading it would measure streams.
    send: async (path, cookie) => handler(request(path, cookie)),
    async ask(path, cookie) {
      const response = await handler(request(path, cookie));
      return {
        status: response.status,
        setCookies: response.headers.getSetCookie(),
        body: await response.text(),
      };
    },
  };
}

/** What actions without a framework get: the request, and the response they may add cookies to. */
export interface Exchange {
  readonly request: Request;
  readonly response: Response;
}

/**
 * A handler without a framework: it makes a response, and actions may add cookies to it.
 *
 * @param contextOf Makes what the actions get. `rest` is what a library passes to a handler besides.
 */
export function plainHandler<Context, Rest extends readonly unknown[]>(
  actions: Actions<Context>,
  contextOf: (exchange: Exchange, ...rest: Rest) => Context,
): (request: Request, ...rest: Rest) => Promise<Response> {
  const nextCount = counter();
  const act = (path: string, context: Context): unknown => {
    switch (path) {
      case "/untouched":
        return "ok";
      case "/begin":
        return actions.begin(context);
      case "/read":
        return actions.read(context);
      default: {
        const count = nextCount();
        return whenDone(actions.change(context, count), () => count);
      }
    }
  };
  return async (request, ...rest) => {
    const path = request.url.slice(request.url.indexOf("/", "http://".length));
    const response = new Response(null);
    const text = textOf(await act(path, contextOf({ request, response }, ...rest)));
    return new Response(text, { headers: response.headers });
  };
}
