import assert from "node:assert/strict";
import type { Answer, Host, Path } from "../drivers/host.ts";
import { FIRST_COUNT } from "../subjects/sample.ts";

/** A client that keeps its cookies. */
export class Visitor {
  readonly #cookies = new Map<string, string>();
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  /** What it sends with its next request. */
  get cookie(): string | undefined {
    if (this.#cookies.size === 0) return undefined;
    return Array.from(this.#cookies, ([name, value]) => `${name}=${value}`).join("; ");
  }

  async visit(path: Path): Promise<Answer> {
    const answer = await this.#host.ask(path, this.cookie);
    assert.equal(answer.status, 200, `${path}: ${answer.status} ${answer.body}`);
    for (const line of answer.setCookies) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "") this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return answer;
  }
}

/** The cookies of so many visitors, each with a session of its own. */
export async function beginSessions(host: Host, count: number): Promise<string[]> {
  const cookies: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const visitor = new Visitor(host);
    await visitor.visit("/begin");
    cookies.push(visitor.cookie ?? "");
  }
  return cookies;
}

/** The same cookies with one character of the longest value changed, three quarters along: never in a name. */
export function tamper(cookie: string): string {
  const pairs = cookie.split("; ");
  const longest = pairs.reduce((a, b) => (b.length > a.length ? b : a));
  const changed = longest.replace(
    new RegExp(`^(.{${Math.floor(longest.length * 0.75)}}.*?)([A-Za-z0-9])`),
    (_, before: string, letter: string) => before + (letter === "A" ? "B" : "A"),
  );
  assert.notEqual(changed, longest, `nothing was changed of ${cookie}`);
  return pairs.map((pair) => (pair === longest ? changed : pair)).join("; ");
}

/** Throws unless sessions begin, are read, change, and are refused where somebody has changed the cookie. */
export async function checkSubject(host: Host): Promise<void> {
  const stranger = await new Visitor(host).visit("/read");
  assert.equal(stranger.body, "none", "a stranger has a session");
  const visitor = new Visitor(host);
  await visitor.visit("/begin");
  const first = await visitor.visit("/read");
  assert.equal(first.body, String(FIRST_COUNT), "the session was not kept");
  const { body: changed } = await visitor.visit("/change");
  assert.notEqual(changed, first.body);
  assert.equal((await visitor.visit("/read")).body, changed, "the change was not kept");
  const bad = await host.ask("/read", tamper(visitor.cookie ?? ""));
  assert.deepEqual([bad.status, bad.body], [200, "none"], "a cookie that was changed is good");
  assert.equal((await visitor.visit("/read")).body, changed, "the good cookie is no longer good");
}
