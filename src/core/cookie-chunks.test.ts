import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type CookieOptions, cookieTransport } from "keepsake";
import { type Any, Jar, NOON, refusal, requestOf, runs } from "./kit.test.ts";

const NAME = "__Host-session";
const ONE = `${NAME}.1`;
const TWO = `${NAME}.2`;

const transportOf = (options: CookieOptions = {}) =>
  cookieTransport(options, { clock: () => NOON, onEvent: () => {} });

/** A token of this length in which every part is unlike the others. */
const tokenOf = (length: number, seed = 0) =>
  Array.from({ length }, (_, at) => ((at * 7919 + seed) % 36).toString(36)).join("");

const read = (chunks: 1 | 2 | 3, ...cookies: string[]) =>
  transportOf({ chunks }).read(requestOf({ cookie: cookies.join("; ") }));

/** The lines of a response to a request with what the jar has. */
function send(jar: Jar, options: CookieOptions, token?: string, expiresAt?: number): string[] {
  const transport = transportOf(options);
  const request = requestOf(jar.header === null ? {} : { cookie: jar.header });
  const response = { headers: new Headers() };
  if (token === undefined) transport.clear(request, response);
  else transport.write(request, response, token, expiresAt);
  jar.receive(response);
  return response.headers.getSetCookie();
}

/** The cookies, as a client sends them, that carry a token. */
function cookiesOf(token: string, chunks: 1 | 2 | 3): [string, ...string[]] {
  const [first = "", ...others] = send(new Jar(), { chunks }, token);
  return [first, ...others].map((line) => line.split("; ")[0] ?? "") as [string, ...string[]];
}

test("a token that fits into one cookie is written byte for byte as without chunks", () => {
  for (const length of [1, 88, 4096 - NAME.length]) {
    for (const chunks of [1, 2, 3] as const) {
      const lines = send(new Jar(), { chunks }, tokenOf(length));
      assert.deepEqual(lines, send(new Jar(), {}, tokenOf(length)));
      assert.equal(lines.length, 1);
    }
  }
});

test("a longer one is spread over two or three cookies with the same attributes", () => {
  const token = tokenOf(4096 - NAME.length + 1);
  const attributes = "; Path=/; HttpOnly; Secure; SameSite=Lax";
  const half = Math.ceil(token.length / 2);
  assert.deepEqual(send(new Jar(), { chunks: 2 }, token), [
    `${NAME}=2~${token.slice(0, half)}${attributes}`,
    `${ONE}=${token.slice(half)}${attributes}`,
  ]);
  const third = Math.ceil(token.length / 3);
  assert.deepEqual(send(new Jar(), { chunks: 3 }, token), [
    `${NAME}=3~${token.slice(0, third)}${attributes}`,
    `${ONE}=${token.slice(third, 2 * third)}${attributes}`,
    `${TWO}=${token.slice(2 * third)}${attributes}`,
  ]);
  for (const options of [
    { persistent: true, sameSite: "strict" },
    { domain: "example.com", path: "/" },
    { sameSite: "none", partitioned: true },
    { prefix: "none", httpOnly: false },
  ] as const) {
    const lines = send(new Jar(), { ...options, chunks: 3 }, tokenOf(5000), NOON + 60_000);
    const kept = lines.map((line) => line.split("; ").slice(1).join("; "));
    assert.equal(lines.length, 3);
    assert.equal(new Set(kept).size, 1, kept.join("\n"));
  }
});

test("requirement 16: no chunk takes more than 4,096 octets, and a client that has all of them is not refused by servers", () => {
  // As long as the note of use that the store keeps beside it.
  const note = (name: string) => `; ${name}-seen=${"x".repeat(95)}`;
  for (const name of ["s", "session", "a".repeat(100), "a".repeat(1024)]) {
    for (const chunks of [2, 3] as const) {
      const jar = new Jar();
      const transport = transportOf({ name, chunks });
      const token = tokenOf(transport.maxLength);
      const lines = send(jar, { name, chunks }, token);
      assert.equal(lines.length, chunks);
      assert.equal(jar.names.length, chunks, "the jar keeps no cookie over 4,096 octets");
      assert.deepEqual(transport.read(requestOf({ cookie: jar.header ?? "" })), [token]);
      const pairs = lines.map((line) => (line.split("; ")[0] ?? "").replace("=", ""));
      assert.ok(pairs.join("").length <= 8192, "8 KiB in all");
      if (name.length > 10) continue;
      const line = `Cookie: ${jar.header}${note(transport.name)}`;
      assert.ok(line.length <= 8190, `${line.length}: Apache refuses more than 8,190`);
    }
  }
});

test("two and three chunks carry the same: with the default name 7,952 characters, without chunks 4,082", () => {
  assert.equal(transportOf().maxLength, 4082);
  assert.equal(transportOf({ chunks: 1 }).maxLength, 4082);
  assert.equal(transportOf({ chunks: 2 }).maxLength, 7952);
  assert.equal(transportOf({ chunks: 3 }).maxLength, 7952);
});

test("any token comes back from a browser, whatever was in its jar before", () => {
  const length = fc.integer({ min: 1, max: 7952 });
  const chunks = fc.constantFrom(2 as const, 3 as const);
  fc.assert(
    fc.property(fc.array(fc.tuple(length, chunks), { minLength: 1, maxLength: 4 }), (writes) => {
      const jar = new Jar();
      for (const [seed, [size, count]] of writes.entries()) {
        const token = tokenOf(size, seed);
        send(jar, { chunks: count }, token);
        const wanted = [NAME, ONE, TWO].slice(0, size <= 4082 ? 1 : count);
        assert.deepEqual([...jar.names].sort(), wanted, "exactly the cookies of this token");
        const request = requestOf({ cookie: jar.header ?? "" });
        assert.deepEqual(transportOf({ chunks: 3 }).read(request), [token]);
      }
    }),
    runs(50),
  );
});

test("the companion is never in chunks", () => {
  const companion = transportOf({ chunks: 3 }).companion("seen");
  assert.equal(companion.maxLength, 4096 - `${NAME}-seen`.length);
});

test("requirement 18: writing and clearing in turns leave one line a name, and the application's own", () => {
  const transport = transportOf({ chunks: 3 });
  const response = { headers: new Headers({ "set-cookie": "own=1" }) };
  for (const own of [`${NAME}.10=2`, `${ONE}x=3`]) response.headers.append("set-cookie", own);
  const namesNow = () => response.headers.getSetCookie().map((line) => line.split("=")[0]);
  const own = ["own", `${NAME}.10`, `${ONE}x`];
  for (const [cookie, length, names] of [
    ["", 5000, [NAME, ONE, TWO]],
    ["", 6000, [NAME, ONE, TWO]],
    ["", 100, [NAME]],
    [`${TWO}=x`, 100, [NAME, TWO]],
    [`${ONE}=x; ${TWO}=x`, 5000, [NAME, ONE, TWO]],
    ["", 0, [NAME]],
    [`${ONE}=x; ${TWO}=x`, 0, [NAME, ONE, TWO]],
  ] as const) {
    const request = requestOf({ cookie });
    if (length === 0) transport.clear(request, response);
    else transport.write(request, response, tokenOf(length));
    assert.deepEqual(namesNow(), [...own, ...names]);
  }
});

test("requirement 20: clearing takes every chunk that the client has, with the attributes it was set with", () => {
  for (const options of [
    {},
    { domain: "example.com" },
    { sameSite: "none", partitioned: true },
    { prefix: "__Host-Http-" },
  ] as const) {
    const jar = new Jar();
    const set = send(jar, { ...options, chunks: 3 }, tokenOf(5000));
    // After the option was lowered as well.
    const cleared = send(jar, options);
    assert.deepEqual(jar.names, []);
    assert.equal(cleared.length, 3);
    const kept = (line: string) =>
      line.replace(/=[^;]*/, "=").replace(/; (Max-Age|Expires)=[^;]*/g, "");
    assert.deepEqual(cleared.map(kept), set.map(kept));
    for (const line of cleared) {
      assert.match(line, /=; Max-Age=0(;|$)/);
      assert.match(line, /; Expires=Thu, 01 Jan 1970 00:00:00 GMT(;|$)/);
    }
  }
});

test("stale chunks are cleared, and nothing that the client did not send", () => {
  const cleared = (cookie: string, options: CookieOptions, length: number) => {
    const response = { headers: new Headers() };
    transportOf(options).write(requestOf({ cookie }), response, tokenOf(length));
    return response.headers
      .getSetCookie()
      .filter((line) => line.includes("; Max-Age=0"))
      .map((line) => line.split("=")[0]);
  };
  for (const chunks of [1, 2, 3] as const) {
    assert.deepEqual(cleared("a=1", { chunks }, 10), []);
    assert.deepEqual(cleared(`${NAME}=old`, { chunks }, 10), []);
    assert.deepEqual(cleared(`${NAME}=2~a; ${ONE}=b`, { chunks }, 10), [ONE]);
    assert.deepEqual(cleared(`${NAME}=3~a; ${TWO}=b; ${ONE}=b`, { chunks }, 10), [ONE, TWO]);
    assert.deepEqual(cleared(`${NAME}.3=x; ${NAME}.10=x; ${ONE}x=y`, { chunks }, 10), []);
  }
  assert.deepEqual(cleared(`${ONE}=b; ${TWO}=c`, { chunks: 2 }, 5000), [TWO]);
  assert.deepEqual(cleared(`${ONE}=b; ${TWO}=c`, { chunks: 3 }, 5000), []);
});

test("without the option a first chunk is no candidate, and with it none of more chunks than allowed", () => {
  const [two, three] = [cookiesOf(tokenOf(5000), 2), cookiesOf(tokenOf(5000), 3)];
  assert.deepEqual(read(1, ...two), []);
  assert.deepEqual(read(1, ...three), []);
  assert.deepEqual(read(2, ...three), []);
  assert.deepEqual(read(2, ...two), [tokenOf(5000)]);
  assert.deepEqual(read(3, ...two), [tokenOf(5000)]);
  assert.deepEqual(read(3, ...three), [tokenOf(5000)]);
  assert.deepEqual(read(1, ...two, `${NAME}=whole`), ["whole"]);
});

test("a missing chunk is no candidate, nor is another spelling of a token in chunks", () => {
  const token = tokenOf(5000);
  for (const chunks of [2, 3] as const) {
    const cookies = cookiesOf(token, chunks);
    for (const at of cookies.keys())
      assert.deepEqual(read(chunks, ...cookies.toSpliced(at, 1)), []);
    assert.deepEqual(read(chunks, ...cookies.toReversed()), [token], "in any order");
  }
  const cut = (...lengths: number[]) =>
    lengths.map((length, index) => {
      const start = lengths.slice(0, index).reduce((sum, each) => sum + each, 0);
      const name = index === 0 ? NAME : `${NAME}.${index}`;
      const mark = index === 0 ? `${lengths.length}~` : "";
      return `${name}=${mark}${token.slice(start, start + length)}`;
    });
  assert.deepEqual(read(3, ...cut(2500, 2500)), [token]);
  for (const lengths of [
    [2501, 2499],
    [2499, 2501],
    [0, 5000],
    [5000, 0],
    [1666, 1667, 1667],
    [1668, 1666, 1666],
    [50, 50],
    [2041, 2041],
  ]) {
    assert.deepEqual(read(3, ...cut(...lengths)), [], lengths.join());
  }
  for (const mark of ["2-", "02~", "2 ~", "2%7E", "+2~", "~2~"]) {
    const [first, second = ""] = cut(2500, 2500);
    const altered = (first ?? "").replace("2~", mark);
    assert.ok(!read(3, altered, second).includes(token), mark);
  }
});

test("a token over the limit is not put together", () => {
  for (const [length, count] of [
    [7952, 1],
    [7953, 0],
    [8100, 0],
  ] as const) {
    const [first, second] = [
      tokenOf(length).slice(0, Math.ceil(length / 2)),
      tokenOf(length).slice(Math.ceil(length / 2)),
    ];
    assert.equal(read(2, `${NAME}=2~${first}`, `${ONE}=${second}`).length, count);
  }
});

test("requirement 27: planted duplicates of chunks do not hide the token, in any order", () => {
  const token = tokenOf(5000);
  const [head, one = ""] = cookiesOf(token, 2);
  for (const planted of [
    [`${ONE}=junk`],
    [`${NAME}=2~junk`],
    [`${NAME}=3~junk`],
    [`${NAME}=junk`, `${ONE}=junk`],
    [`${NAME}=2~junk`, `${ONE}=junk`],
    [`${ONE}=a`, `${ONE}=b`, `${ONE}=c`],
    [one, `${ONE}=${tokenOf(2500, 5)}`],
    ["a", "b", "c", "d", "e"].map((junk) => `${ONE}=${junk}`),
    Array.from({ length: 90 }, (_, at) => `${ONE}=${at}`),
    [2498, 2501, 4000]
      .flatMap((length) => [1, 2, 3].map((seed) => `${ONE}=${tokenOf(length, seed)}`))
      .slice(0, 4),
  ]) {
    for (const cookies of [
      [head, one, ...planted],
      [...planted, head, one],
      [one, ...planted, head],
    ]) {
      const found = read(3, ...cookies);
      assert.ok(found.includes(token), planted.map((each) => each.slice(0, 30)).join());
      assert.ok(found.length <= 4);
    }
  }
  for (const planted of [
    [`${NAME}=2~a`],
    [`${NAME}=2~a`, `${NAME}=3~b`, one, `${ONE}=x`, `${TWO}=y`],
  ]) {
    assert.deepEqual(read(3, ...planted, `${NAME}=whole`), ["whole"], "nor a whole one");
  }
});

test("invariant 14, bounded: a flood of chunks is refused before anything is put together", () => {
  const part = (seed: number) => tokenOf(2500, seed);
  const [head, one = ""] = cookiesOf(tokenOf(5000), 2);
  const five = Array.from({ length: 4 }, (_, at) => `${ONE}=${part(at + 1)}`);
  assert.deepEqual(read(2, head, ...five, one), [], "five of one name");
  const tiny = Array.from({ length: 600 }, (_, at) => `${ONE}=${at}`);
  assert.deepEqual(read(2, head, ...tiny, one), []);
  const numbered = Array.from({ length: 600 }, (_, at) => `${NAME}.${at + 1}=x`);
  assert.deepEqual(read(3, `${NAME}=3~x`, ...numbered), []);
  assert.deepEqual(
    read(3, `${NAME}=999~x`, ...numbered),
    ["999~x"],
    "a token that no sealer opens",
  );

  // Four of each, and all of a length that could be a token.
  const short = Array.from({ length: 4 }, (_, at) => tokenOf(1400, at));
  const heads = short.map((each) => `${NAME}=3~${each}`);
  const rest = short.flatMap((each, at) => [`${ONE}=${at}${each}`, `${TWO}=${at}${each}`]);
  const flood = [...heads, ...rest];
  assert.deepEqual(read(3, ...flood.map((each) => each.slice(0, 1300))), []);
});

test("requirement 30: at most four candidates, of any header, each once, and a long one carries no session", () => {
  const value = fc.oneof(
    fc.constantFrom(...[1, 2, 3].map((seed) => tokenOf(2100, seed))),
    fc.constantFrom(...[1, 2, 3].map((seed) => tokenOf(1400, seed))),
    fc.string({ unit: "grapheme-ascii", maxLength: 5 }),
  );
  const cookie = fc
    .tuple(fc.constantFrom(NAME, NAME, ONE, TWO), fc.constantFrom("", "2~", "3~", "1~"), value)
    .map(([name, mark, text]) => `${name}=${mark}${text}`);
  fc.assert(
    fc.property(
      fc.array(cookie, { maxLength: 12 }),
      fc.constantFrom(1 as const, 2 as const, 3 as const),
      (cookies, chunks) => {
        const found = read(chunks, ...cookies);
        assert.ok(found.length <= 4);
        assert.equal(new Set(found).size, found.length);
        if (cookies.join("; ").length > 16_384) assert.deepEqual(found, []);
        if (chunks === 1) assert.ok(!found.some((each) => /^[23]~/.test(each)));
      },
    ),
    runs(300),
  );
});

test("requirement 30: the worst header with chunks costs little more than one in which none go together", () => {
  const parts = Array.from({ length: 700 }, (_, at) => `${at % 2 ? ONE : TWO}=${at + 100}`);
  const headed = (first: string) => [
    ...["a", "b", "c", "d"].map((each) => `${NAME}=3~${first}${each}`),
    ...parts,
  ];
  const floods = [headed("longer than the others "), headed("aa")];
  const fastest = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  // By turns, and the fastest of many: what the work costs, without what else the machine does.
  for (let run = 0; run < 20; run += 1) {
    for (const [index, cookies] of floods.entries()) {
      assert.ok(cookies.join("; ").length < 16_384);
      const before = performance.now();
      assert.deepEqual(read(3, ...cookies), []);
      fastest[index] = Math.min(fastest[index] ?? 0, performance.now() - before);
    }
  }
  const [alone = 0, together = 0] = fastest;
  assert.ok(together < 5 * alone + 2, `${together} ms, and ${alone} ms where none go together`);
});

test("chunks is 1, 2 or 3", () => {
  for (const chunks of [0, 4, 1.5, -1, "2", true, null, Number.NaN, [2]] as Any[]) {
    assert.throws(
      () => cookieTransport({ chunks }),
      refusal("ERR_SESSION_CONFIG", "cookie: chunks must be 1, 2 or 3"),
    );
  }
});
