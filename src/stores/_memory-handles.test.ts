import assert from "node:assert/strict";
import { test } from "node:test";
import { Column } from "./_memory-column.ts";
import { HandleIndex } from "./_memory-handles.ts";
import { Recency } from "./_memory-recency.ts";

/** The same numbers in every run. */
function* numbers(): Generator<number, never> {
  for (let state = 1; ; ) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    yield state >>> 8;
  }
}

test("a column keeps its numbers while it grows over pages and is cut", () => {
  const column = new Column(Float64Array);
  for (let at = 0; at < 5000; at += 1) column.set(at, at / 2);
  column.cut(10);
  for (let at = 10; at < 9000; at += 1) column.set(at, -at);
  for (let at = 0; at < 9000; at += 1) assert.equal(column.get(at), at < 10 ? at / 2 : -at);
});

test("handles are found, and only they, whatever was added and removed before; the order of use is kept", () => {
  const random = numbers();
  const texts: string[] = [];
  const index = new HandleIndex(texts);
  const recency = new Recency();
  /** The same, the simple way: the least recently used first. */
  const model = new Set<string>();
  const gone: string[] = [];
  for (let step = 0; step < 20_000; step += 1) {
    // It grows to some hundreds, shrinks to nothing, and grows again.
    const grows = Math.floor(step / 5000) % 2 === 0;
    const dice = random.next().value % 10;
    const at = model.size === 0 ? -1 : random.next().value % model.size;
    if (at < 0 || dice < 7 === grows) {
      const handle = `handle-${step}`;
      texts.push(`${handle}\0the rest`);
      index.add();
      recency.add(texts.length - 1);
      model.add(handle);
    } else if (dice === 9) {
      const handle = texts[at]?.split("\0")[0] ?? "";
      recency.use(at);
      model.delete(handle);
      model.add(handle);
    } else {
      const handle = texts[at]?.split("\0")[0] ?? "";
      const last = texts.length - 1;
      index.remove(at);
      recency.remove(at, last);
      const text = texts.pop() ?? "";
      if (at !== last) texts[at] = text;
      model.delete(handle);
      gone.push(handle);
    }
    if (step % 500 !== 0) continue;
    for (const handle of model) assert.ok(texts[index.find(handle)]?.startsWith(`${handle}\0`));
    for (const handle of gone.slice(-500)) assert.equal(index.find(handle), -1);
  }
  assert.ok(gone.length > 5000);
  for (const handle of model) {
    const at = recency.oldest;
    assert.equal(texts[at]?.split("\0")[0], handle);
    recency.use(at);
  }
});
