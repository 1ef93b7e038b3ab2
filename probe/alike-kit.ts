import { Agent, request } from "node:http";
import type { CookieJar } from "keepsake/testing";

/** An answer as it travelled. */
export interface Travelled {
  readonly status: number;
  readonly body: string;
  /** The lines of each header, by its name in lower case. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

/** One request of a visitor, in a row of them. */
export interface Step {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends a header as the first answer of all had it. */
  readonly repeats?: string;
  /** Keeps nothing of the answer, as one whose answer was lost. */
  readonly loses?: true;
}

/** One way in which an answer differs from that of another adapter. */
export interface Difference {
  readonly step: Step;
  /** The name of a header in lower case, or `(status)`, or `(body)`. */
  readonly what: string;
  /** The lines of a header; `undefined` where it is not there. */
  readonly plain: readonly string[] | undefined;
  readonly own: readonly string[] | undefined;
}

/** How two answers to one request differ. */
export function differencesOf(step: Step, plain: Travelled, own: Travelled): Difference[] {
  const [before, after] = [linesOf(plain), linesOf(own)];
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((what) => ({ step, what, plain: before.get(what), own: after.get(what) }))
    .filter((each) => JSON.stringify(each.plain) !== JSON.stringify(each.own));
}

function linesOf({ status, headers, body }: Travelled): Map<string, readonly string[]> {
  const lines = new Map(headers).set("(status)", [String(status)]).set("(body)", [body]);
  // The server's clock is not injected.
  lines.delete("date");
  return lines;
}

/** Random bytes that are the same in every run. */
export function repeatable(): (length: number) => Uint8Array {
  let state = 1;
  return (length) =>
    Uint8Array.from({ length }, () => {
      // Knuth's constants for 32 bits.
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 24;
    });
}

/** Sends one request on a connection that stays open, and reads the answer as it travelled. */
export async function send(
  url: string,
  { method, path, body }: Step,
  headers: Readonly<Record<string, string>>,
  agent: Agent,
): Promise<Travelled> {
  const { promise, resolve, reject } = Promise.withResolvers<Travelled>();
  const sent = request(`${url}${path}`, { method, agent, headers }, (response) => {
    const lines = new Map<string, string[]>();
    const { rawHeaders, statusCode = 0 } = response;
    for (let at = 0; at < rawHeaders.length; at += 2) {
      const name = rawHeaders[at]?.toLowerCase() ?? "";
      lines.set(name, [...(lines.get(name) ?? []), rawHeaders[at + 1] ?? ""]);
    }
    response
      .setEncoding("utf8")
      .toArray()
      .then((chunks) => resolve({ status: statusCode, headers: lines, body: chunks.join("") }))
      .catch(reject);
  });
  sent.on("error", reject).end(body);
  return promise;
}

/** What a visitor of its own is answered to each step. */
export async function walk(
  url: string,
  steps: readonly Step[],
  jar: CookieJar,
): Promise<Travelled[]> {
  const agent = new Agent({ keepAlive: true });
  const answers: Travelled[] = [];
  try {
    for (const step of steps) {
      const answer = await send(url, step, headersOf(step, jar, answers[0]), agent);
      answers.push(answer);
      const getSetCookie = () => [...(answer.headers.get("set-cookie") ?? [])];
      if (step.loses === undefined) jar.store({ headers: { getSetCookie } });
    }
  } finally {
    agent.destroy();
  }
  return answers;
}

function headersOf(
  { path, headers, repeats }: Step,
  jar: CookieJar,
  first: Travelled | undefined,
): Record<string, string> {
  const cookie = jar.header(path.split("?")[0]);
  return {
    ...headers,
    ...(cookie === undefined ? {} : { cookie }),
    ...(repeats === undefined ? {} : { [repeats]: first?.headers.get(repeats)?.[0] ?? "" }),
  };
}
