import assert from "node:assert/strict";
import { test } from "node:test";
import { InMemorySessionStore } from "keepsake";
import type { FetchAntiForgeryOptions } from "keepsake/adapters/fetch";
import { token } from "keepsake/anti-forgery";
import { Time } from "../core/kit.test.ts";
import { FIELD, TOKEN, Visit } from "./kit.test.ts";

async function begin(rules?: FetchAntiForgeryOptions): Promise<{ visit: Visit; shown: string }> {
  const time = new Time();
  const visit = new Visit(time, new InMemorySessionStore({ clock: time.clock }), rules);
  await visit.show((session) => session.login("ada"));
  return { visit, shown: await (await visit.show((session) => token(session))).text() };
}

const JSON_TYPE = { "content-type": "application/json" };

test("a form with a file", async () => {
  const { visit, shown } = await begin();
  const form = new FormData();
  form.set(FIELD, shown);
  form.set("file", new Blob(["text"]), "a.txt");
  const { status } = await visit.post({}, form);
  assert.equal(status, 200);
});

test("the handler reads the body all the same", async () => {
  const { visit, shown } = await begin();
  const form = new URLSearchParams({ [FIELD]: shown, amount: "5" });
  const answer = await visit.post({}, form, async (_session, request) =>
    (await request.formData()).get("amount"),
  );
  assert.equal(await answer.text(), "5");
});

test("the header wins over the form", async () => {
  const { visit, shown } = await begin();
  const [good, bad] = [
    new URLSearchParams({ [FIELD]: shown }),
    new URLSearchParams({ [FIELD]: "junk" }),
  ];
  assert.equal((await visit.post({ [TOKEN]: shown }, bad)).status, 200);
  assert.equal((await visit.post({ [TOKEN]: "junk" }, good)).status, 403);
  assert.equal((await visit.post({ [TOKEN]: "" }, good)).status, 403);
});

test("the URL and the cookie are no places for a token", async () => {
  const { visit, shown } = await begin();
  const cookie = `${visit.jar.header()}; ${TOKEN}=${shown}; ${FIELD}=${shown}`;
  assert.equal((await visit.post({ cookie })).status, 403);
  assert.deepEqual(visit.reasons, ["no-proof"]);
});

test("a JSON body counts where that was asked for", async () => {
  const body = (shown: unknown) => JSON.stringify({ [FIELD]: shown });
  const strict = await begin();
  assert.equal((await strict.visit.post(JSON_TYPE, body(strict.shown))).status, 403);
  const { visit, shown } = await begin({ jsonField: true });
  assert.equal((await visit.post(JSON_TYPE, body(shown))).status, 200);
  for (const other of [[shown, "junk"], { value: "junk" }, 1, null, true, {}]) {
    assert.equal((await visit.post(JSON_TYPE, body(other))).status, 403);
  }
  for (const text of ["", "null", "[]", "{", `{"__proto__":{"${FIELD}":"${shown}"}}`]) {
    assert.equal((await visit.post(JSON_TYPE, text)).status, 403, text);
  }
});

test("a body that is no form is refused, and is no exception", async () => {
  const { visit } = await begin();
  const type = { "content-type": "multipart/form-data; boundary=x" };
  for (const body of ["", "--x", "--x\r\n\r\njunk", "junk"]) {
    assert.equal((await visit.post(type, body)).status, 403);
  }
  assert.deepEqual(new Set(visit.reasons), new Set(["no-proof"]));
});

test("of a body of more than a megabyte no token is read, and the reason says that", async () => {
  const { visit, shown } = await begin();
  const large = new URLSearchParams({ [FIELD]: shown, more: "x".repeat(2 ** 20) });
  assert.equal((await visit.post({}, large)).status, 403);
  assert.deepEqual(visit.reasons, ["no-body"]);
  assert.equal((await visit.post({ [TOKEN]: shown }, large)).status, 200);
});

test("a long body that comes bit by bit is given up, and the handler's half is left to it", async () => {
  const { visit } = await begin({ logOnly: true });
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 1;
      if (sent > 30) controller.close();
      else controller.enqueue(new Uint8Array(100_000).fill(97));
    },
  });
  const type = { "content-type": "application/x-www-form-urlencoded" };
  const answer = await visit.post(
    type,
    body,
    async (_session, request) => (await request.text()).length,
  );
  assert.equal(await answer.text(), "3000000");
  assert.deepEqual(visit.reasons, ["no-body"]);
});

test("a boundary may have any word in it", async () => {
  const { visit, shown } = await begin();
  const type = { "content-type": "multipart/form-data; boundary=AjSoNC" };
  const body = `--AjSoNC\r\ncontent-disposition: form-data; name="${FIELD}"\r\n\r\n${shown}\r\n--AjSoNC--\r\n`;
  assert.equal((await visit.post(type, body)).status, 200);
});

test("what the browser proves is enough: the body is not looked at", async () => {
  const { visit } = await begin();
  const answer = await visit.post(
    { "sec-fetch-site": "same-origin" },
    new URLSearchParams({ a: "1" }),
    (_session, request) => request.bodyUsed,
  );
  assert.equal(await answer.text(), "false");
});
