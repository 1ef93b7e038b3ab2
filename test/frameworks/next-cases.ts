import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Application } from "./application.ts";
import { Browser } from "./browser.ts";

const COOKIE = "__Host-cases";

interface State {
  readonly subject: string | null;
  readonly note: string;
  readonly once: boolean;
}

/** What the page says: JSON in an `output`. */
async function said<Said>(response: Response): Promise<Said> {
  const [, json = "null"] = /<output>(.*?)<\/output>/s.exec(await response.text()) ?? [];
  return JSON.parse(json.replaceAll("&quot;", '"'));
}

/** The attributes of the cookie of this name, sorted; none if it is not set. */
function attributesOf(response: Response, name: string): string[] {
  const line = response.headers.getSetCookie().find((each) => each.startsWith(`${name}=`)) ?? "";
  const [, ...attributes] = line.toLowerCase().split(/; */);
  return attributes.map((each) => each.replace(/^(expires|max-age)=.*$/, "$1")).sort();
}

/** What Next.js itself does with `keepsake/adapters/next`, in a production build. */
export function testNext(application: () => Application): void {
  const browse = () => new Browser(application().url);
  const state = async (browser: Browser) => said<State>(await browser.get("/cases"));

  test("several components that read the session get one", async () => {
    assert.deepEqual(await state(browse()), { subject: null, note: "", once: true });
  });

  test("a page that reads the session is not to be cached", async () => {
    const response = await browse().get("/cases");
    assert.match(response.headers.get("cache-control") ?? "", /no-store/);
    assert.deepEqual(response.headers.getSetCookie(), []);
  });

  describe("a server action", () => {
    test("changes the session, and the page that comes with its answer shows it", async () => {
      const browser = browse();
      const response = await browser.submit("/cases", {}, "login");
      assert.equal(response.status, 200);
      assert.equal((await said<State>(response)).subject, "ada");
      assert.equal((await state(browser)).subject, "ada");
    });

    test("may change the session twice", async () => {
      const browser = browse();
      const response = await browser.submit("/cases", {}, "write");
      assert.equal((await said<State>(response)).note, "first, second");
      assert.equal((await state(browser)).note, "first, second");
    });

    test("sets the cookie with the attributes that a route handler sets", async () => {
      const byAction = await browse().submit("/cases", {}, "write");
      const byRoute = await browse().post("/cases/api");
      const expected = ["expires", "httponly", "max-age", "partitioned", "path=/"];
      assert.deepEqual(attributesOf(byAction, COOKIE), [...expected, "samesite=strict", "secure"]);
      assert.deepEqual(attributesOf(byRoute, COOKIE), attributesOf(byAction, COOKIE));
      for (const response of [byAction, byRoute]) {
        assert.match(response.headers.get("cache-control") ?? "", /no-store/);
      }
    });

    test("is saved when it redirects from inside", async () => {
      const browser = browse();
      const response = await browser.submit("/cases", {}, "writeAndRedirect");
      assert.deepEqual([response.status, response.headers.get("location")], [303, "/cases"]);
      assert.equal((await state(browser)).note, "redirected");
    });

    test("is saved when it finds nothing", async () => {
      const browser = browse();
      const response = await browser.submit("/cases", {}, "writeAndNotFound");
      assert.equal(response.status, 404);
      assert.equal((await state(browser)).note, "not found");
    });

    test("that fails changes nothing", async () => {
      const browser = browse();
      const response = await browser.submit("/cases", {}, "writeAndFail");
      assert.equal(response.status, 500);
      assert.equal((await state(browser)).note, "");
      assert.equal(browser.jar.get(COOKIE), undefined);
    });

    test("that fails after a logout has ended the session", async () => {
      const browser = browse();
      await browser.submit("/cases", {}, "login");
      const token = browser.jar.get(COOKIE) ?? "";
      const response = await browser.submit("/cases", {}, "logoutAndFail");
      assert.equal(response.status, 500);
      assert.equal(browser.jar.get(COOKIE), undefined);
      const thief = browse();
      thief.jar.set(COOKIE, token);
      assert.equal((await state(thief)).subject, null);
    });

    test("leaves the application's own cookies alone", async () => {
      const browser = browse();
      await browser.submit("/cases", {}, "writeWithOwnCookie");
      assert.deepEqual(browser.jar.names.sort(), [COOKIE, "own"]);
    });
  });

  test("a server component cannot change the session", async () => {
    const browser = browse();
    const response = await browser.get("/cases/component");
    assert.deepEqual(await said(response), ["ERR_SESSION_COMMITTED", "ERR_SESSION_COMMITTED"]);
    assert.deepEqual(browser.jar.names, []);
  });

  describe("a route handler", () => {
    test("changes the session beside cookies of the application's own", async () => {
      const browser = browse();
      const response = await browser.post("/cases/api");
      assert.equal(response.status, 204);
      assert.deepEqual(browser.jar.names.sort(), [COOKIE, "own", "second"]);
      const read = await browser.get("/cases/api");
      assert.deepEqual(await read.json(), { note: "then null" });
      assert.match(read.headers.get("vary") ?? "", /\bcookie\b/i);
    });

    test("answers redirect() and notFound() as without a session, and is saved", async () => {
      for (const [then, form, status] of [
        ["redirect", undefined, 307],
        ["redirect", new FormData(), 303],
        ["not-found", undefined, 404],
      ] as const) {
        const browser = browse();
        const response = await browser.post(`/cases/api?then=${then}`, form);
        assert.equal(response.status, status);
        assert.deepEqual(browser.jar.names.sort(), [COOKIE, "own"]);
        assert.equal((await state(browser)).note, `then ${then}`);
      }
    });

    test("that fails is a 500, and changes nothing", async () => {
      const browser = browse();
      const response = await browser.post("/cases/api?then=fail");
      assert.equal(response.status, 500);
      assert.equal(browser.jar.get(COOKIE), undefined);
    });
  });
}
