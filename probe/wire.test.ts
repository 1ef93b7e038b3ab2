import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { InMemorySessionStore, type SessionStore } from "keepsake";
import { Visitor } from "keepsake/testing";
import type { ProbeData } from "./app.ts";
import { type AdapterName, hosts, serveProbe } from "./serve.ts";

// What travels on one connection, which fetch keeps to itself.

const adapters = Object.keys(hosts) as AdapterName[];
/** Only these give a handler what can send 103: what Fetch answers with is one response. */
const WITH_HINTS: readonly AdapterName[] = [
  "express",
  "express4",
  "connect",
  "koa",
  "fastify",
  "h3",
  "node",
];

async function serve(t: TestContext, adapter: AdapterName, store: SessionStore<ProbeData>) {
  const { url, close } = await serveProbe(adapter, { store });
  t.after(close);
  return url;
}

/** The Cookie header of a visitor whose session holds this. */
async function cookieWith(url: string, data: ProbeData): Promise<string> {
  const visitor = new Visitor(url, Date.now);
  await visitor.post("/set", data);
  return visitor.jar.header("/") ?? "";
}

interface Raw {
  readonly path: string;
  readonly method?: string;
  readonly cookie?: string;
}

/** Sends requests in one go; the last closes the connection. @returns Everything that came back. */
async function sendAtOnce(t: TestContext, url: string, ...requests: Raw[]): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).setEncoding("latin1");
  t.after(() => socket.destroy());
  await once(socket, "connect");
  const texts = requests.map(({ method = "GET", path, cookie }, at) => {
    const lines = [`${method} ${path} HTTP/1.1`, "Host: localhost"];
    if (cookie !== undefined) lines.push(`Cookie: ${cookie}`);
    if (at === requests.length - 1) lines.push("Connection: close");
    return `${lines.join("\r\n")}\r\n\r\n`;
  });
  socket.write(texts.join(""));
  return (await socket.toArray()).join("");
}

/** A store whose first saves take longest, so that answers would overtake one another if they could. */
function slowAtFirst(): SessionStore<ProbeData> {
  const store = new InMemorySessionStore<ProbeData>({ onEvent: () => undefined });
  let wait = 40;
  return {
    load: (request) => store.load(request),
    async save(request, response, session) {
      wait /= 2;
      await new Promise((resolve) => setTimeout(resolve, wait));
      await store.save(request, response, session);
    },
  };
}

for (const adapter of adapters) {
  test(`${adapter}: requests in one go are answered in their order, each with its own session`, async (t) => {
    const url = await serve(t, adapter, slowAtFirst());
    const ada = await cookieWith(url, { name: "ada" });
    const bob = await cookieWith(url, { name: "bob" });
    const text = await sendAtOnce(
      t,
      url,
      { path: "/read", cookie: ada },
      { path: "/count", cookie: bob },
      { path: "/redirect?key=k&value=v" },
      { path: "/events?key=k&value=v" },
      { path: "/count", method: "HEAD", cookie: ada },
      { path: "/read", cookie: bob },
    );
    const [, ...answers] = text.split(/HTTP\/1\.1 (?=\d{3} )/);
    assert.deepEqual(
      answers.map((answer) => answer.slice(0, 3)),
      ["200", "200", "302", "200", "200", "200"],
    );
    assert.match(answers[0] ?? "", /"name":"ada"/);
    assert.match(answers[1] ?? "", /\{"count":1\}/);
    assert.match(answers[3] ?? "", /data: chunk 1[\s\S]*data: chunk 3/);
    assert.match(answers[5] ?? "", /"name":"bob"/);
    const tokens = answers.map(
      (answer) => /^set-cookie: (__Host-session=[^;]+)/im.exec(answer)?.[1],
    );
    // Only two of them are of strangers, who get a token each.
    assert.deepEqual(
      tokens.map((token) => token !== undefined),
      [false, false, true, true, false, false],
    );
    assert.notEqual(tokens[2], tokens[3]);
  });

  test(`${adapter}: a client that goes in the middle of its requests harms nobody`, async (t) => {
    const url = await serve(t, adapter, slowAtFirst());
    const cookie = await cookieWith(url, { name: "ada" });
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    const request = (path: string) =>
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nCookie: ${cookie}\r\n\r\n`;
    socket.write(request("/stream?key=k&value=v") + request("/count") + request("/count"));
    await once(socket, "data");
    socket.destroy();
    const text = await sendAtOnce(t, url, { path: "/read", cookie });
    assert.match(text, /"name":"ada"/);
    assert.match(text, /"k":"v"/);
  });

  test(`${adapter}: a body without an end is given up when the client goes`, async (t) => {
    const url = await serve(t, adapter, slowAtFirst());
    const areOpen = async () => {
      const answer: { readonly open: number } = await (await fetch(`${url}/endless-open`)).json();
      return answer.open;
    };
    assert.equal(await areOpen(), 0);
    const gone = new AbortController();
    const response = await fetch(`${url}/endless?key=k&value=v`, { signal: gone.signal });
    await response.body?.getReader().read();
    assert.equal(await areOpen(), 1);
    gone.abort();
    for (let asked = 0; (await areOpen()) > 0; asked += 1) {
      assert.ok(asked < 1000, "it goes on for nobody");
    }
  });

  const hints = WITH_HINTS.includes(adapter);
  test(`${adapter}: ${hints ? "103 leaves before" : "there is no 103, and nothing is different about"} the answer, which waits for the save`, async (t) => {
    const url = await serve(t, adapter, slowAtFirst());
    const text = await sendAtOnce(t, url, { path: "/hints?key=k&value=v" });
    const answers = text.split(/HTTP\/1\.1 (?=\d{3} )/).slice(1);
    if (hints) assert.match(answers.shift() ?? "", /^103 Early Hints\r\nlink: <\/style\.css>/i);
    assert.equal(answers.length, 1);
    assert.match(answers[0] ?? "", /^200 [\s\S]*set-cookie: __Host-session=[\s\S]*ok/i);
  });
}
