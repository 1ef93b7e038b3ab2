import assert from "node:assert/strict";
import { test } from "node:test";
import { Lines } from "./_bridge-lines.ts";

test("nothing stays behind of a turn, however it ended: no line, and no listener of its signal", async () => {
  const lines = new Lines();
  const aborter = new AbortController();
  const { signal } = aborter;
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners += 1;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners -= 1;
    remove(...args);
  };

  const failure = new Error("out of order");
  for (const alone of [true, false]) {
    assert.equal(await lines.run("a", alone, signal, async () => 1), 1);
    const broken = lines.run("a", alone, signal, () => Promise.reject(failure));
    await assert.rejects(broken, failure);
  }
  assert.deepEqual([lines.size, listeners], [0, 0]);

  const never = new Promise<never>(() => undefined);
  const stuck = ["a", "a", "b"].map((handle) => lines.run(handle, true, signal, () => never));
  assert.deepEqual([lines.size, listeners], [2, 3]);
  aborter.abort();
  for (const turn of stuck) await assert.rejects(turn, { name: "AbortError" });
  await assert.rejects(
    lines.run("c", true, signal, () => never),
    { name: "AbortError" },
  );
  assert.equal(lines.size, 0);
});
