import assert from "node:assert/strict";
import { test } from "node:test";
import { CookieSessionStore, type Sealer, xchachaSealer } from "keepsake";
import { fromBase64url, toBase64url } from "../core/base64url.ts";
import { type Any, LONG, NOON, OLD_SECRET, SECRET, seeded, visit } from "../core/kit.test.ts";

const NAME = "__Host-session";
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const OTHERS = "+/=.~%\"' \t,:!*\0\u00e9\ud800";
const clock = () => NOON;
const storeOf = (options: Any = {}) =>
  new CookieSessionStore<Any>({ secret: SECRET, clock, onEvent: () => {}, ...options });

async function tokenOf(store: CookieSessionStore<Any>, data: Any): Promise<string> {
  const { setCookie, headers } = await visit(store, (session) => session.update(data));
  return /^[^=]+=([^;]*)/.exec(setCookie[0] ?? "")?.[1] ?? headers.get("x-session-id") ?? "";
}

function* flips(token: string): Generator<string> {
  for (let at = 0; at < token.length; at += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const flipped = String.fromCharCode(token.charCodeAt(at) ^ (1 << bit));
      yield token.slice(0, at) + flipped + token.slice(at + 1);
    }
  }
  const parts = token.split(".");
  for (const part of [1, 2]) {
    const bytes = Uint8Array.from(fromBase64url(parts[part] ?? "") ?? []);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = bytes.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      yield parts.with(part, toBase64url(changed)).join(".");
    }
  }
}

function* misspellings(token: string): Generator<string> {
  for (let at = 0; at < token.length; at += 1) yield token.slice(0, at);
  for (let at = 1; at < token.length; at += 1) yield token.slice(at);
  for (const end of [...ALPHABET, ...OTHERS, "==", ".x", "\r\n", "; x"]) {
    yield token + end;
    yield end + token;
    for (let at = 0; at <= token.length; at += 7) yield token.slice(0, at) + end + token.slice(at);
  }
  // Also the spellings that differ only in bits that no byte uses.
  for (const last of ALPHABET) yield token.slice(0, -1) + last;
  yield token.replaceAll("-", "+").replaceAll("_", "/");
  yield encodeURIComponent(token).replaceAll(".", "%2E");
  for (const version of ["k0", "k2", "K1", "", "v4", "k1.k1", "none"]) {
    yield token.replace("k1", version);
  }
  yield token.toUpperCase();
  yield token.toLowerCase();
  yield [...token].reverse().join("");
}

/** Tokens that are good elsewhere. */
async function foreigners(data: Any): Promise<string[]> {
  const sealer = xchachaSealer(SECRET);
  const resealed = (change: Any): Sealer => ({
    seal: (bytes, context) => sealer.seal(bytes, { ...context, ...change }),
    open: sealer.open,
  });
  const stores = [
    { secret: OLD_SECRET },
    { audience: "other" },
    { cookie: { name: "other" } },
    { cookie: { prefix: "none" } },
    { secret: undefined, sealer: resealed({ purpose: "seen" }) },
    { secret: undefined, sealer: resealed({ purpose: "csrf" }) },
    { secret: undefined, sealer: resealed({ name: "session" }) },
    { clock: () => NOON + 61_000 },
    { clock: () => NOON - 3_000_000_000 },
  ];
  const tokens = await Promise.all(stores.map((options) => tokenOf(storeOf(options), data)));
  const [mine = "", theirs = ""] = [await tokenOf(storeOf(), data), tokens[0]];
  const [a, b] = [mine.split("."), theirs.split(".")];
  return [...tokens, `k1.${a[1]}.${b[2]}`, `k1.${b[1]}.${a[2]}`];
}

/** Random damage: characters changed, dropped, doubled or put in, and pieces of two tokens joined. */
function* damage(tokens: readonly string[], count: number): Generator<string> {
  const random = seeded(7);
  const below = (limit: number) => {
    const [a = 0, b = 0] = random(2);
    return (a * 256 + b) % limit;
  };
  const pick = (text: string) => text[below(text.length)] ?? "";
  for (let made = 0; made < count; made += 1) {
    const token = tokens[below(tokens.length)] ?? "";
    const other = tokens[below(tokens.length)] ?? "";
    let mutant = token;
    const kind = below(6);
    if (kind === 5) mutant = token.slice(0, below(token.length)) + other.slice(below(other.length));
    for (let round = below(3); kind < 5 && round >= 0; round -= 1) {
      const at = below(mutant.length + 1);
      const piece = kind === 1 ? pick(OTHERS) : pick(ALPHABET);
      mutant =
        mutant.slice(0, at) + (kind === 2 ? "" : piece) + mutant.slice(at + (kind === 3 ? 0 : 1));
    }
    if (!tokens.includes(mutant)) yield mutant;
  }
}

test("invariant 11, sealed to its place: of a million mutants none is accepted and none throws (requirements 34, 36, 44, 45, 46)", async () => {
  const goal = LONG ? 1_000_000 : 20_000;
  const store = storeOf();
  const data = [{ a: 1 }, { role: "admin", list: [1, 2, 3] }, { "": "x".repeat(200) }];
  const tokens = await Promise.all(data.map((each) => tokenOf(store, each)));
  const other = await foreigners({ a: 1 });
  const count = { tries: 0, accepted: 0, thrown: 0 };
  const began = performance.now();

  const attempt = (token: string) => {
    count.tries += 1;
    try {
      const request = {
        headers: { get: (name: string) => (name === "cookie" ? `${NAME}=${token}` : null) },
      };
      if (!(store.load(request) as Any).isNew) count.accepted += 1;
    } catch {
      count.thrown += 1;
    }
  };
  const isSame = (mutant: string) => tokens.includes(mutant.replace(/^[ \t]+|[ \t]+$|;.*$/gs, ""));

  for (const token of tokens) {
    attempt(token);
    assert.equal(count.accepted, 1, "the token itself is good");
    count.accepted = 0;
  }
  for (const token of other) attempt(token);
  assert.equal(count.tries, tokens.length + other.length);
  for (const token of tokens) {
    for (const mutant of flips(token)) if (!isSame(mutant)) attempt(mutant);
    for (const mutant of misspellings(token)) if (!isSame(mutant)) attempt(mutant);
  }
  const systematic = count.tries;
  for (const mutant of damage(tokens, goal * 2)) {
    if (count.tries >= goal) break;
    if (!isSame(mutant)) attempt(mutant);
  }

  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  if (LONG) {
    // biome-ignore lint/suspicious/noConsole: a long run says what it did
    console.log(
      `mutations: ${count.tries} tries, ${count.accepted} accepted, ${count.thrown} thrown, ${seconds} s`,
    );
  }
  assert.ok(systematic > 5000, String(systematic));
  assert.ok(count.tries >= goal, String(count.tries));
  assert.deepEqual([count.accepted, count.thrown], [0, 0]);
});
