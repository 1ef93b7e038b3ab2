import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  CookieSessionStore,
  cookieTransport,
  headerTransport,
  InMemorySessionStore,
  type SessionEvent,
  type SessionStore,
} from "keepsake";
import type { AntiForgeryOptions } from "keepsake/anti-forgery";
import type { ProbeData } from "./app.ts";
import { Client, reasonsIn, send, sendRow, tokenIn } from "./forgery-kit.ts";
import { forgeryRows, isRefused } from "./forgery-rows.ts";
import { type AdapterName, hosts, type ServedProbe, serveProbe } from "./serve.ts";

const SECRET = "4eqhFCE9yngFbyB6a!Cro5gubbb92ay_nBb1oCF3";
const HEADER = "x-session-id";
const ADAPTERS = Object.keys(hosts) as AdapterName[];

const transport = [cookieTransport(), headerTransport("X-Session-ID")];
const stores: Record<string, () => SessionStore<ProbeData>> = {
  sealed: () => new CookieSessionStore<ProbeData>({ secret: SECRET, transport }),
  memory: () => new InMemorySessionStore<ProbeData>({ transport }),
};

/** Serves the probe of an adapter once for each set of rules, and tells what it was told. */
class Served {
  readonly events: SessionEvent[] = [];
  readonly #adapter: AdapterName;
  readonly #store: SessionStore<ProbeData>;
  readonly #open = new Map<string, ServedProbe>();

  constructor(adapter: AdapterName, store: SessionStore<ProbeData>) {
    this.#adapter = adapter;
    this.#store = store;
  }

  async url(antiForgery: AntiForgeryOptions = {}): Promise<string> {
    const key = JSON.stringify(antiForgery);
    const onEvent = (event: SessionEvent) => this.events.push(event);
    const before = this.#open.get(key);
    const probe =
      before ??
      (await serveProbe(this.#adapter, {
        store: this.#store,
        onEvent,
        antiForgery: { onEvent, ...antiForgery },
      }));
    this.#open.set(key, probe);
    return probe.url;
  }

  async close(): Promise<void> {
    for (const probe of this.#open.values()) await probe.close();
  }
}

for (const adapter of ADAPTERS) {
  for (const [kind, create] of Object.entries(stores)) {
    describe(`anti-forgery, ${adapter}, ${kind}`, () => {
      let served: Served;
      before(() => {
        served = new Served(adapter, create());
      });
      after(() => served.close());

      for (const row of forgeryRows) {
        const { name, sent, options, expected } = row;
        // Node's server hands an upgrade to nobody who listens for requests.
        if (sent.headers?.upgrade !== undefined) continue;
        test(`${name}: ${isRefused(row) ? "refused" : "let through"}`, async () => {
          const url = await served.url(options);
          served.events.length = 0;
          const { status, headers, text } = await sendRow(url, sent, HEADER);
          if (!isRefused(row)) {
            assert.deepEqual(reasonsIn(served.events), []);
            assert.ok(status < 300, `${status}`);
            return;
          }
          assert.equal(status, 403);
          assert.deepEqual(reasonsIn(served.events), [expected]);
          if (sent.method !== "HEAD") assert.equal(text, "Forbidden");
          assert.equal(headers["cache-control"], "no-store");
          const vary = (headers.vary ?? "").split(", ");
          for (const name of ["Sec-Fetch-Site", "Origin"]) {
            assert.equal(vary.filter((each) => each === name).length, 1, `Vary: ${headers.vary}`);
          }
          assert.equal(headers["set-cookie"], undefined);
        });
      }

      test("to show a form changes no session, and each time the token is another", async () => {
        const client = new Client(await served.url());
        await client.send("/login?user=ada", { method: "POST" });
        const [first, second] = [await client.send("/form"), await client.send("/form")];
        for (const { headers } of [first, second]) assert.equal(headers["set-cookie"], undefined);
        assert.notEqual(tokenIn(first.text), tokenIn(second.text));
        assert.equal(tokenIn(first.text).length, 64);
      });

      test("a visitor without a session gets a cookie for an hour", async () => {
        const client = new Client(await served.url());
        const { headers } = await client.send("/form");
        const [cookie = "", ...others] = headers["set-cookie"] ?? [];
        assert.deepEqual(others, []);
        assert.match(
          cookie,
          /^__Host-aftoken=[\w-]{43}; Max-Age=(?:3600|3599); .*HttpOnly; Secure; SameSite=Lax$/,
        );
        assert.equal(headers["cache-control"], "no-store");
      });

      test("a token of a visitor without a session is good until the login, also where a session begins meanwhile", async () => {
        const client = new Client(await served.url());
        const token = await client.token();
        const post = () => {
          const headers = { "sec-fetch-site": "none", RequestVerificationToken: token };
          return client.send("/form", { method: "POST", headers });
        };
        assert.equal((await post()).status, 204, "as a stranger");
        await client.send("/set", { method: "POST", body: '{"cart":1}' });
        assert.equal((await post()).status, 204, "with a session");
        await client.send("/login?user=ada", { method: "POST" });
        assert.equal((await post()).status, 403, "after the login");
      });

      test("a page with a form stays out of the frames of others; one without says nothing", async () => {
        const client = new Client(await served.url());
        const { headers } = await client.send("/form");
        assert.equal(headers["content-security-policy"], "frame-ancestors 'self'");
        assert.equal(headers["x-frame-options"], "SAMEORIGIN");
        const other = await client.send("/read");
        assert.equal(other.headers["content-security-policy"], undefined);
        assert.equal(other.headers["x-frame-options"], undefined);
      });

      test("requirement 86: a refusal is the same for all, and caches may not keep it", async () => {
        const url = await served.url();
        const { status, headers, text } = await sendRow(
          url,
          { as: "user", origin: "null" },
          HEADER,
        );
        assert.deepEqual([status, text], [403, "Forbidden"]);
        assert.equal(headers["cache-control"], "no-store");
        assert.deepEqual(headers.vary?.split(", "), ["Sec-Fetch-Site", "Origin"]);
      });

      test("log-only lets everything through, and tells of it", async () => {
        const told: SessionEvent[] = [];
        const rules = { logOnly: true, onEvent: (event: SessionEvent) => told.push(event) };
        const probe = await serveProbe(adapter, { store: create(), antiForgery: rules });
        try {
          const { status } = await send(`${probe.url}/form?x=1`, {
            method: "POST",
            headers: { "sec-fetch-site": "cross-site", origin: "https://evil.example" },
          });
          assert.equal(status, 204);
          assert.deepEqual(told, [
            {
              type: "forgery-refused",
              reason: "cross-origin",
              method: "POST",
              path: "/form",
              origin: "https://evil.example",
              enforced: false,
            },
          ]);
        } finally {
          await probe.close();
        }
      });

      test("compat: refuses as BlackSheep does", async () => {
        const url = await served.url({ compat: "blacksheep" });
        const { status, headers } = await sendRow(url, { as: "user", token: "junk" }, HEADER);
        assert.equal(status, 401);
        assert.equal(headers.reason, "Invalid anti-forgery token");
        const missing = await sendRow(url, { as: "user" }, HEADER);
        assert.equal(missing.headers.reason, "Missing anti-forgery token control value");
      });
    });
  }
}
