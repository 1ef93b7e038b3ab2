import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { COOKIE, LONG, MARGIN, PATIENCE } from "./failing-client.ts";
import { Asker, type Heard } from "./failing-http.ts";
import { openPatient, type PatientName } from "./failing-patients.ts";
import { Scene, type Span } from "./failing-scene.ts";

// Many clients who go on asking while a database is down, and are all there when it is back: memory, postgres, and in a
// long run valkey and redis.

const CLIENTS = LONG ? 500 : 200;
/** Milliseconds that a client waits after each answer, on average. */
const PAUSE = LONG ? 1000 : 2000;
/** Milliseconds. */
const OUTAGE = LONG ? 10_000 : 3500;
const AFTER = 2000;

/** By how it fails and the store's time limit, in seconds: where the time limit plays no part, it is that of a busy machine. */
const CASES: readonly (readonly [PatientName, failure: string, timeout: number])[] = [
  ["postgres", "refuses", 2],
  ["memory", "hangs", 1],
  ...(LONG
    ? ([
        ["valkey", "refuses", 1],
        ["postgres", "is silent", 1],
        ["valkey", "is silent", 1],
        ["redis", "refuses", 1],
      ] as const)
    : []),
];

function during<Each extends Span>(spans: readonly Each[], from: number, to: number): Each[] {
  return spans.filter(({ began }) => began >= from && began < to);
}

describe(`requirement 91: ${CLIENTS} clients, none a stranger`, { concurrency: !LONG }, () => {
  for (const [name, failure, timeout] of CASES) {
    test(`${name} ${failure}: it is spared, and they hear at once`, async (t) => {
      const scene = await Scene.on(await openPatient(name, 1200 * timeout), { timeout });
      t.after(() => scene.close());
      const asker = new Asker(CLIENTS);
      t.after(() => asker.close());
      const tokens: string[] = [];
      while (tokens.length < CLIENTS) {
        const some = await Promise.all(
          Array.from({ length: 20 }, (_, index) => scene.user(`user${tokens.length + index}`)),
        );
        tokens.push(...some.map(({ token = "" }) => token));
      }

      const heard: Heard[] = [];
      const over = new AbortController();
      const { signal } = over;
      const pause = (ms: number) => wait(ms, undefined, { signal }).catch(() => undefined);
      const clients = tokens.map(async (token, index) => {
        const url = scene.urls[index % scene.urls.length] ?? "";
        await pause(Math.random() * PAUSE);
        for (let count = index; !signal.aborted; count += 1) {
          const path = count % 2 === 0 ? "/read" : "/count";
          const answer = await asker.ask({ url: `${url}${path}`, cookie: `${COOKIE}=${token}` });
          heard.push(answer);
          const isTheirs = path === "/count" || answer.text.includes(`"user${index}"`);
          assert.ok(answer.status === 503 || (answer.status === 200 && isTheirs), answer.text);
          assert.deepEqual(answer.headers.getSetCookie(), []);
          await pause(PAUSE * (0.5 + Math.random()));
        }
      });

      await wait(1000);
      scene.forget();
      const failed = performance.now();
      await scene.fail(failure);
      await wait(OUTAGE);
      const healed = performance.now();
      await scene.heal();
      while (scene.happened("store-up") === undefined) {
        assert.ok(performance.now() - healed < PATIENCE, "it is not found to be up again");
        await wait(5);
      }
      const up = scene.happened("store-up") ?? 0;
      await wait(AFTER);
      over.abort();
      await Promise.all(clients);
      const types = scene.events
        .map(({ type }) => type)
        .filter((type) => type.startsWith("store-"));
      assert.deepEqual(types, ["store-down", "store-up"]);
      const down = scene.happened("store-down") ?? 0;

      const probes = during(scene.spans, down, up);
      assert.ok(probes.length <= 1 + (up - down) / 1000, `${probes.length} probes`);
      for (const [index, probe] of probes.entries()) {
        assert.ok(probe.began >= (probes[index - 1]?.ended ?? 0), "two probes at a time");
      }

      const refused = durationsOf(during(heard, down, healed));
      const loads = durationsOf(during(scene.loads, down, healed));
      assert.ok(refused.length > CLIENTS / 10, `${refused.length} answers while it was down`);
      // The one or two that asked the database are not among these.
      const half = 500 * timeout;
      assert.ok(
        quantile(loads, 0.98) < (LONG ? 5 : half),
        `loads took up to ${quantile(loads, 0.98)} ms`,
      );
      assert.ok(quantile(refused, 0.5) < (LONG ? 50 : half), `${quantile(refused, 0.5)} ms`);
      const retryAfter = new Set(heard.flatMap(({ headers }) => headers.get("retry-after") ?? []));
      assert.deepEqual([...retryAfter].sort(), ["1", "2", "3"]);

      const recovery = 3000 + (LONG ? 0 : MARGIN);
      assert.ok(up - healed < recovery, `it took ${Math.round(up - healed)} ms to recover`);
      for (let from = up; from < up + AFTER; from += 500) {
        const to = from + 500;
        const calls = during(scene.spans, from, to).length;
        const requests = heard.filter(({ began, ended }) => began < to && ended >= from).length;
        assert.ok(calls <= 2 * requests, `${calls} calls for ${requests} requests`);
      }
      const late = during(heard, up + 1000, up + AFTER);
      assert.ok(late.length > 0);
      assert.deepEqual(new Set(late.map(({ status }) => status)), new Set([200]));
      assert.equal(scene.strangers, 0);

      t.diagnostic(
        `down after ${Math.round(down - failed)} ms, up ${Math.round(up - healed)} ms after it was back, ` +
          `${probes.length} probes; ${refused.length} answers meanwhile, the median in ` +
          `${quantile(refused, 0.5).toFixed(1)} ms, 99 of 100 in ${quantile(refused, 0.99).toFixed(1)} ms, ` +
          `99 of 100 loads in ${quantile(loads, 0.99).toFixed(1)} ms`,
      );
    });
  }
});

function durationsOf(spans: readonly Span[]): number[] {
  return spans.map(({ began, ended }) => ended - began).sort((a, b) => a - b);
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.floor(sorted.length * part)] ?? Number.POSITIVE_INFINITY;
}
