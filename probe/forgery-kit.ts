import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import type { SessionEvent } from "keepsake";
import { FIELD_NAME, HEADER_NAME } from "keepsake/anti-forgery";
import type { SentWith } from "./forgery-rows.ts";

/** An answer, read to its end. */
export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** What a test sends, header by header: a Fetch client would not let it say `Host` or `Origin`. */
export interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const FORM_TYPE = "application/x-www-form-urlencoded";

export async function send(
  url: string,
  { method = "GET", headers = {}, body }: Sent = {},
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const sent = httpRequest(
      url,
      { method, agent: false, headers: { ...headers, ...length } },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
        response.on("error", reject);
      },
    );
    // Some servers answer an upgrade by closing.
    sent.on("error", reject);
    sent.end(body);
  });
}

/** A visitor whose cookies and session header are seen. */
export class Client {
  readonly #url: string;
  readonly #cookies = new Map<string, string>();
  readonly #header: string | undefined;
  #session: string | undefined;

  /** @param header The header that the session travels in. Default: a cookie. */
  constructor(url: string, header?: string) {
    this.#url = url;
    this.#header = header;
  }

  /** The headers that carry what the visitor holds. */
  get held(): Record<string, string> {
    const cookies = Array.from(this.#cookies, ([name, value]) => `${name}=${value}`).join("; ");
    return {
      ...(cookies === "" ? {} : { cookie: cookies }),
      ...(this.#header === undefined || this.#session === undefined
        ? {}
        : { [this.#header]: this.#session }),
    };
  }

  async send(path: string, sent: Sent = {}): Promise<Answered> {
    const headers = { "sec-fetch-site": "same-origin", ...this.held, ...sent.headers };
    const answered = await send(`${this.#url}${path}`, { ...sent, headers });
    for (const line of answered.headers["set-cookie"] ?? []) this.#keep(line);
    if (this.#header !== undefined) {
      const token = answered.headers[this.#header];
      if (typeof token === "string") this.#session = token;
    }
    return answered;
  }

  #keep(line: string): void {
    const [pair = ""] = line.split(";", 1);
    const at = pair.indexOf("=");
    if (/max-age=0(?:;|$)/i.test(line)) this.#cookies.delete(pair.slice(0, at));
    else this.#cookies.set(pair.slice(0, at), pair.slice(at + 1));
  }

  /** The token of a form that is shown now. */
  async token(): Promise<string> {
    const { text } = await this.send("/form");
    return tokenIn(text);
  }
}

export function tokenIn(page: string): string {
  return /name="__RequestVerificationToken" value="([\w-]{64})"/.exec(page)?.[1] ?? "";
}

/** Sends what a row says. */
export async function sendRow(url: string, sent: SentWith, header: string): Promise<Answered> {
  const {
    method = "POST",
    path = "/form",
    host = "app.example",
    proto = "https",
    site,
    origin,
  } = sent;
  const { held, token } = await visitorFor(url, sent, header);
  const headers: Record<string, string> = {
    ...held,
    host,
    "x-forwarded-proto": proto,
    ...(site === undefined ? {} : { "sec-fetch-site": site }),
    ...(origin === undefined ? {} : { origin }),
    ...sent.headers,
  };
  const field = encodeURIComponent(token);
  switch (sent.token) {
    case undefined:
      return send(`${url}${path}`, { method, headers });
    case "form":
    case "twice":
    case "two": {
      const second = sent.token === "twice" ? token : "another";
      const more = sent.token === "form" ? "" : `&${FIELD_NAME}=${second}`;
      const body = `${FIELD_NAME}=${field}${more}`;
      return send(`${url}${path}`, {
        method,
        headers: { ...headers, "content-type": FORM_TYPE },
        body,
      });
    }
    case "json": {
      const body = JSON.stringify({ [FIELD_NAME]: token });
      return send(`${url}${path}`, {
        method,
        headers: { ...headers, "content-type": "application/json" },
        body,
      });
    }
    default:
      return send(`${url}${path}`, { method, headers: { ...headers, [HEADER_NAME]: token } });
  }
}

interface Prepared {
  readonly held: Record<string, string>;
  readonly token: string;
}

async function visitorFor(url: string, sent: SentWith, header: string): Promise<Prepared> {
  const isByHeader = sent.as === "header" || sent.as === "both";
  const client = new Client(url, isByHeader ? header : undefined);
  let token = "";
  if (sent.as === "expired") return { held: { cookie: "__Host-session=expired" }, token: "junk" };
  if (sent.as === "form") token = await client.token();
  else if (sent.as !== undefined) {
    // Which transport a session begins with depends on the header that the first request has.
    const first = isByHeader ? { [header]: "none" } : {};
    await client.send("/login?user=ada", { method: "POST", headers: first });
    token = await client.token();
  }
  if (sent.token === "old") await client.send("/login?user=ada", { method: "POST" });
  if (sent.token === "junk") token = "junk";
  if (sent.token === "foreign") {
    const other = new Client(url);
    await other.send("/login?user=eve", { method: "POST" });
    token = await other.token();
  }
  const { held } = client;
  return { held: sent.as === "both" ? { ...held, cookie: "__Host-session=expired" } : held, token };
}

/** The reasons of the refusals that were told, in order. */
export function reasonsIn(events: readonly SessionEvent[]): string[] {
  return events.flatMap((event) => (event.type === "forgery-refused" ? [event.reason] : []));
}
