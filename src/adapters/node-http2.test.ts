import assert from "node:assert/strict";
import { once } from "node:events";
import {
  connect,
  constants,
  createServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Stream,
} from "node:http2";
import { type TestContext, test } from "node:test";
import type { SessionStore } from "keepsake";
import { type NodeOptions, sessions, type WithSession } from "keepsake/adapters/node";
import { quick, slow, tick } from "./express-kit.test.ts";
import { getByHttp2, listenOn } from "./node-kit.test.ts";

const onEvent = () => undefined;
const BUG = new Error("bug");

type Handler = (
  request: Http2ServerRequest & WithSession,
  response: Http2ServerResponse,
) => unknown;

async function serve(
  t: TestContext,
  store: SessionStore,
  handler: Handler,
  options: NodeOptions<"session"> = {},
): Promise<string> {
  const withSession = sessions(store, { onEvent, ...options });
  const server = createServer(
    withSession<Http2ServerRequest, Http2ServerResponse>((request, response) => {
      request.session.set("a", 1);
      return handler(request, response);
    }),
  );
  return listenOn(t, server);
}

/** Why the stream of an answer was closed, and what came before. */
async function closeOf(t: TestContext, url: string): Promise<{ code: unknown; body: string }> {
  const client = connect(url);
  t.after(() => client.destroy());
  const stream = client.request({ ":path": "/" }).setEncoding("utf8");
  let body = "";
  stream.on("data", (chunk) => {
    body += chunk;
  });
  stream.on("error", () => undefined);
  await new Promise((resolve) => stream.once("close", resolve));
  return { code: stream.rstCode, body };
}

const onErrors: Record<string, NodeOptions<"session">> = {
  "without an onError": {},
  "with an onError that leaves it open": { onError: () => undefined },
};

for (const [which, createStore] of Object.entries({ "at once": quick, later: () => slow() })) {
  for (const [how, options] of Object.entries(onErrors)) {
    for (const when of ["in the same turn", "later"]) {
      test(`HTTP/2, saved ${which}, ${how}: half an answer that fails ${when} is not taken for whole`, async (t) => {
        t.mock.method(console, "error", () => undefined);
        const url = await serve(
          t,
          createStore(),
          async (_, response) => {
            response.write("half ");
            if (when === "later") {
              await tick();
              await tick();
            }
            throw BUG;
          },
          options,
        );
        const { code } = await closeOf(t, url);
        assert.equal(code, constants.NGHTTP2_INTERNAL_ERROR);
      });
    }
  }
}

test("HTTP/2: while the save is under way the head is as good as sent", async (t) => {
  const url = await serve(t, slow(), (_, response) => {
    response.write("a");
    response.statusCode = 500;
    for (const change of [
      () => response.setHeader("x-late", "1"),
      () => response.removeHeader("x-late"),
      () => response.writeHead(500),
    ]) {
      assert.throws(change, { code: "ERR_HTTP2_HEADERS_SENT" });
    }
    response.end("b");
  });
  const answer = await getByHttp2(t, url, "/");
  assert.deepEqual([answer.status, answer.body, answer.cookies.length], [200, "ab", 1]);
});

for (const fails of [false, true]) {
  test(`HTTP/2: trailers follow the answer that they are for, where the save ${fails ? "fails" : "is done"}`, async (t) => {
    const url = await serve(
      t,
      slow(fails),
      (_, response) => {
        response.addTrailers({ "x-one": "1" });
        response.write("a");
        response.addTrailers({ "x-two": "2" });
        response.end("b");
      },
      {
        onError(_error, _request, response) {
          response.write("sor");
          response.end("ry");
        },
      },
    );
    const client = connect(url);
    t.after(() => client.destroy());
    const stream = client.request({ ":path": "/" }).setEncoding("utf8");
    const trailers: unknown[] = [];
    stream.on("trailers", (fields) => trailers.push(fields["x-one"], fields["x-two"]));
    const [headers] = await once(stream, "response");
    const body = (await stream.toArray()).join("");
    assert.deepEqual([headers[":status"], body], fails ? [503, "sorry"] : [200, "ab"]);
    assert.deepEqual(trailers, fails ? [] : ["1", "2"]);
  });
}

test("HTTP/2: what is sent past the compatibility API is not held back, and carries no cookie", async (t) => {
  const url = await serve(t, slow(), (_, response) => {
    const stream: ServerHttp2Stream = response.stream;
    stream.respond({ ":status": 200 });
    stream.end("direct");
  });
  const answer = await getByHttp2(t, url, "/");
  assert.deepEqual([answer.body, answer.cookies], ["direct", []]);
});
