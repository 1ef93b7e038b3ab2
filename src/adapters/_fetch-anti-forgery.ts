import { isJson } from "../anti-forgery/fields.ts";
import {
  AntiForgeryGuard,
  addRefusal,
  type IncomingRequest,
  REFUSAL_TYPE,
  type Refusal,
} from "../anti-forgery/guard.ts";
import type { AntiForgeryOptions } from "../anti-forgery/options.ts";
import { checkFunction } from "../core/options.ts";
import { ownOrigins } from "../core/origins.ts";
import type { Session } from "../core/session.ts";
import { type Exemptions, pathOf } from "./_anti-forgery.ts";
import { withOpenHeaders } from "./_fetch-response.ts";

/** A form that is longer has its token in a header. */
const LONGEST_BODY = 2 ** 20;

/** A Fetch request as it is judged. */
export class IncomingFetch implements IncomingRequest {
  readonly method: string;
  readonly path: string;
  readonly request: Request;

  constructor(request: Request) {
    this.method = request.method;
    this.path = pathOf(request.url);
    this.request = request;
  }

  get ownOrigins(): readonly string[] {
    const { headers, url } = this.request;
    const host = headers.get("host") ?? new URL(url).host;
    return ownOrigins(host, url.startsWith("https:"), headers.get("x-forwarded-proto"));
  }
}

/**
 * What a handler would read as the body, which it can read afterwards all the same. `undefined` where it is longer than a
 * megabyte, or cannot be read: somebody has read it before, or the client has gone.
 */
export async function readBody(request: Request): Promise<unknown> {
  if (request.bodyUsed || request.body?.locked) return undefined;
  const type = request.headers.get("content-type") ?? "";
  const bytes = await readBytes(request).catch(() => undefined);
  if (bytes === undefined) return undefined;
  const body = new Response(bytes, { headers: { "content-type": type } });
  try {
    return isJson(type) ? await body.json() : await body.formData();
  } catch {
    // What cannot be parsed has no token.
    return {};
  }
}

async function readBytes(request: Request): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (Number(request.headers.get("content-length") ?? 0) > LONGEST_BODY) return undefined;
  const reader = request.clone().body?.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    chunks.push(part.value);
    length += part.value.length;
    if (length > LONGEST_BODY) {
      // Not waited for: it ends when the handler's half of the body has ended, too.
      reader?.cancel().catch(() => undefined);
      return undefined;
    }
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** The answer to a request that is refused: the application's, with the headers that it has to have, or one line of text. */
export async function refusalAnswer<Source>(
  source: Source,
  refusal: Refusal,
  onRefused: ((source: Source, refusal: Refusal) => Response | Promise<Response>) | undefined,
): Promise<Response> {
  const { status, text } = refusal;
  const answered =
    onRefused === undefined
      ? new Response(text, { status, headers: { "content-type": REFUSAL_TYPE } })
      : await onRefused(source, refusal);
  const response = withOpenHeaders(answered);
  addRefusal(response, refusal);
  return response;
}

/** A handler as it is put under `sessions`. */
export type ProtectedHandler<
  Incoming extends Request,
  Data extends object,
  Rest extends unknown[],
  Answer extends Response | undefined,
> = (request: Incoming, session: Session<Data>, ...rest: Rest) => Answer | Promise<Answer>;

/** Puts the protection under a handler that a session is put under. */
export type FetchProtection = <
  Incoming extends Request,
  Data extends object,
  Rest extends unknown[],
  Answer extends Response | undefined,
>(
  handler: ProtectedHandler<Incoming, Data, Rest, Answer>,
) => (request: Incoming, session: Session<Data>, ...rest: Rest) => Promise<Answer | Response>;

/** What the protection takes beside the options of every adapter. */
export interface FetchAntiForgeryOptions extends AntiForgeryOptions {
  /** Answers a request that is refused; what every refusal must have is added to its headers. Default: one line of text. */
  readonly onRefused?: (request: Request, refusal: Refusal) => Response | Promise<Response>;
}

export function createProtection(options: FetchAntiForgeryOptions): FetchProtection & Exemptions {
  const guard = new AntiForgeryGuard(options, ["onRefused"]);
  const { onRefused } = options;
  checkFunction("antiForgery", "onRefused", onRefused);
  const protect: FetchProtection =
    (handler) =>
    async (request, session, ...rest) => {
      const refusal = await guard.check(new IncomingFetch(request), session, request, readBody);
      if (refusal === undefined) return handler(request, session, ...rest);
      return refusalAnswer(request, refusal, onRefused);
    };
  return Object.assign(protect, { exemptions: guard.exemptions });
}
