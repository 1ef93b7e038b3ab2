import { addVary, type SessionRequest, type SessionResponse } from "../core/exchange.ts";
import { type Eventually, isThenable } from "../core/promises.ts";
import type { Session } from "../core/session.ts";
import { isForm, isJson, onlyValue, valuesOf } from "./fields.ts";
import { FormTokens } from "./form-tokens.ts";
import { type AntiForgeryConfig, type AntiForgeryOptions, readOptions } from "./options.ts";
import { type ForgeryReason, judge, type RequestFacts, type Verdict } from "./verdict.ts";

/** A request as an adapter gives it. */
export interface IncomingRequest {
  /** The method on the wire. */
  readonly method: string;
  /** The path as it was sent, with or without its query. */
  readonly path: string;
  /** What the session was loaded with. */
  readonly request: SessionRequest;
  /** The origins that the server has by its `Host` header. */
  readonly ownOrigins: readonly string[];
}

/** The answer to a request that is refused. */
export interface Refusal {
  readonly reason: ForgeryReason;
  readonly status: 401 | 403;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

const LONGEST = 256;
const DEPENDS_ON = ["Sec-Fetch-Site", "Origin"];

/** The way of a request past the anti-forgery rules, the same in every framework. */
export class AntiForgeryGuard {
  readonly #config: AntiForgeryConfig;

  /** @param own The names of the adapter's own options. */
  constructor(options: AntiForgeryOptions, own: readonly string[] = []) {
    this.#config = readOptions(options, own);
  }

  /** The places that are not protected, for a review. */
  get exemptions(): readonly string[] {
    return this.#config.exemptions;
  }

  /** Judges a request once its headers are here. */
  begin<Data extends object>(incoming: IncomingRequest, session: Session<Data>): ForgeryCheck {
    return new RequestCheck(this.#config, incoming, session);
  }

  /**
   * Judges a request, and looks at its body only where it depends on that.
   *
   * @param readBody Gives the body as the framework has parsed it, from what has it; `undefined` where it has not.
   * @returns `undefined` for a request that may go on.
   */
  check<Data extends object, Source>(
    incoming: IncomingRequest,
    session: Session<Data>,
    source: Source,
    readBody: (source: Source) => unknown,
  ): Eventually<Refusal | undefined> {
    const check = this.begin(incoming, session);
    if (!check.needsBody) return check.refusal;
    const body = readBody(source);
    return isThenable(body) ? refusalLater(check, body) : check.refusalWith(body);
  }
}

async function refusalLater(
  check: ForgeryCheck,
  reading: PromiseLike<unknown>,
): Promise<Refusal | undefined> {
  return check.refusalWith(await reading);
}

/** One request on its way past the rules. */
export interface ForgeryCheck {
  /** Whether it depends on what the body holds. */
  readonly needsBody: boolean;
  /** By the headers alone. `undefined` for a request that may go on. */
  readonly refusal: Refusal | undefined;
  /** @param body As the framework has parsed it; `undefined` where it has not. */
  refusalWith(body: unknown): Refusal | undefined;
}

class RequestCheck<Data extends object> implements ForgeryCheck, RequestFacts {
  readonly method: string;
  readonly path: string;
  readonly headers: Pick<Headers, "get">;
  readonly #config: AntiForgeryConfig;
  readonly #incoming: IncomingRequest;
  readonly #tokens: FormTokens<Data>;
  readonly #verdict: Verdict;
  /** Once it has been looked at. */
  #body: { readonly parsed: unknown } | undefined;

  constructor(config: AntiForgeryConfig, incoming: IncomingRequest, session: Session<Data>) {
    const { method, path, request } = incoming;
    this.method = method;
    this.path = path.split("?", 1)[0] ?? path;
    this.headers = request.headers;
    this.#config = config;
    this.#incoming = incoming;
    this.#tokens = new FormTokens(config, session, request);
    this.#verdict = judge(this, config.rules);
  }

  // Most requests are let through before any of these is asked for.

  get own(): readonly string[] {
    return this.#config.selfOrigins ?? this.#incoming.ownOrigins;
  }

  get credential(): RequestFacts["credential"] {
    return this.#tokens.credential;
  }

  get hasCookie(): boolean {
    return this.#tokens.hasCookie;
  }

  get token(): RequestFacts["token"] {
    const sent = this.headers.get(this.#config.headerName);
    if (sent !== null) return this.#standing(sent);
    if (!mayHaveField(this.headers.get("content-type"), this.#config)) return "none";
    if (this.#body === undefined) return "unread";
    const { parsed } = this.#body;
    if (parsed === undefined || parsed === null) return "unreadable";
    const values = valuesOf(parsed, this.#config.fieldName);
    if (values.length === 0) return "none";
    const only = onlyValue(values);
    return only === undefined ? "invalid" : this.#standing(only);
  }

  #standing(token: string): "valid" | "invalid" {
    return this.#tokens.accepts(token) ? "valid" : "invalid";
  }

  get needsBody(): boolean {
    return this.#verdict.outcome === "undecided";
  }

  get refusal(): Refusal | undefined {
    return this.#refusalOf(this.#verdict);
  }

  refusalWith(body: unknown): Refusal | undefined {
    this.#body = { parsed: body };
    return this.#refusalOf(judge(this, this.#config.rules));
  }

  #refusalOf(verdict: Verdict): Refusal | undefined {
    if (verdict.outcome !== "refuse") return undefined;
    const { reason } = verdict;
    const { onEvent, logOnly, isBlackSheep } = this.#config;
    onEvent({
      type: "forgery-refused",
      reason,
      method: this.method.slice(0, LONGEST),
      path: this.path.slice(0, LONGEST),
      origin: this.headers.get("origin")?.slice(0, LONGEST),
      enforced: !logOnly,
    });
    if (logOnly) return undefined;
    return isBlackSheep ? asBlackSheep(reason, this.hasCookie) : refusal(reason);
  }
}

function mayHaveField(type: string | null, { jsonField }: AntiForgeryConfig): boolean {
  return type !== null && (isForm(type) || (jsonField && isJson(type)));
}

/** What clients are told, as text. */
export const REFUSAL_TYPE = "text/plain; charset=utf-8";

const UNCACHED = { "cache-control": "no-store" };

function refusal(reason: ForgeryReason): Refusal {
  return { reason, status: 403, text: "Forbidden", headers: UNCACHED };
}

/** What clients of BlackSheep may look for. */
function asBlackSheep(reason: ForgeryReason, hasCookie: boolean): Refusal {
  const isMissing = reason === "no-proof" || reason === "no-body";
  const missing = hasCookie ? "control value" : "cookie";
  const told = isMissing ? `Missing anti-forgery token ${missing}` : "Invalid anti-forgery token";
  return { reason, status: 401, text: "Unauthorized", headers: { ...UNCACHED, reason: told } };
}

/** Puts the headers of a refusal on the response that tells of it. */
export function addRefusal(response: SessionResponse, { headers }: Refusal): void {
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
  addVary(response, DEPENDS_ON);
}
