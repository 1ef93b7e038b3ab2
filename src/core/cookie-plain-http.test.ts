import assert from "node:assert/strict";
import { test } from "node:test";
import { type CookieOptions, cookieTransport } from "keepsake";
import { NOON, recorder, requestOf } from "./kit.test.ts";

const quiet = { clock: () => NOON, onEvent: () => {} };

function written(options: CookieOptions, url: string | undefined) {
  const { events, onEvent } = recorder();
  const response = { headers: new Headers() };
  cookieTransport(options, { ...quiet, onEvent }).write(requestOf({}, url), response, "token");
  return { response, events };
}

test("requirement 23: a Secure cookie over plain http is an event, and it is sent all the same", () => {
  const { response, events } = written({}, "http://shop.example:8080/cart?x=1");
  assert.deepEqual(events, [{ type: "insecure-transport", host: "shop.example:8080" }]);
  assert.match(response.headers.getSetCookie()[0] ?? "", /; Secure/);
});

test("requirement 23: loopback, https, an unknown URL and secure: false are silent", () => {
  const silent: (string | undefined)[] = [
    "http://localhost:3000/",
    "http://app.localhost/",
    "http://127.0.0.1:3000/",
    "http://127.9.9.9/",
    "http://[::1]:3000/",
    "https://shop.example/",
    "/cart",
    "http://",
    undefined,
  ];
  for (const url of silent) assert.deepEqual(written({}, url).events, [], String(url));
  assert.deepEqual(written({ secure: false }, "http://shop.example/").events, []);
  assert.equal(written({}, "http://localhost.example.com/").events.length, 1);
});

test("requirement 23: the event comes once, however many responses set a cookie over plain http", () => {
  const { events, onEvent } = recorder();
  const transport = cookieTransport({}, { ...quiet, onEvent });
  for (const each of [transport, transport, transport.companion("seen")]) {
    each.write(requestOf({}, "http://shop.example/"), { headers: new Headers() }, "token");
  }
  assert.equal(events.length, 1);
});

test("requirement 23: that one host is a loopback's says nothing about the next, whatever it looks like", () => {
  for (const other of ["http://localhost.example/", "http://a.example/"]) {
    const { events, onEvent } = recorder();
    const transport = cookieTransport({}, { ...quiet, onEvent });
    const write = (url: string) =>
      transport.write(requestOf({}, url), { headers: new Headers() }, "token");
    for (const path of ["", "a", "?b"]) write(`http://127.0.0.1:3000/${path}`);
    for (const path of ["", "a", "?b"]) write(`http://localhost/${path}`);
    assert.deepEqual(events, []);
    write(other);
    assert.equal(events.length, 1, other);
  }
});

test("requirement 24: a forwarded https silences the event, and no header decides about Secure", () => {
  const url = "http://shop.example/";
  for (const [name, value, count] of [
    ["x-forwarded-proto", "https", 0],
    ["x-forwarded-proto", "https, http", 0],
    ["forwarded", "for=1.2.3.4;proto=https", 0],
    ["x-forwarded-proto", "http", 1],
    ["x-forwarded-host", "https", 1],
  ] as const) {
    const { events, onEvent } = recorder();
    for (const [options, secure] of [
      [{}, true],
      [{ secure: false }, false],
    ] as const) {
      const response = { headers: new Headers() };
      const transport = cookieTransport(options, { ...quiet, onEvent });
      transport.write(requestOf({ [name]: value }, url), response, "token");
      assert.equal(/; Secure/.test(response.headers.getSetCookie()[0] ?? ""), secure);
    }
    assert.equal(events.length, count, `${name}: ${value}`);
  }
});
