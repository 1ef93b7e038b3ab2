import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Any } from "../kit.test.ts";
import { runs } from "../kit.test.ts";
import { settle } from "./server-kit.test.ts";
import { type Line, WriteQueue } from "./write-queue.ts";

const patient = (before: Promise<void>) => before;

/** For writers that are to be waited for. */
async function run<Result>(
  queue: WriteQueue,
  ...args: Parameters<typeof queue.run<Result>>
): Promise<Result> {
  return queue.run(...args);
}

/** A writer that holds the line until it is told to go on. */
function writer(queue: WriteQueue, handle: string, name: string, log: string[]) {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const done = run(queue, handle, patient, (line) => {
    log.push(name);
    return promise.finally(() => {
      line.newest = { ...(line.newest ?? ({} as Any)), data: name };
    });
  });
  return { done, finish: () => resolve(name), fail: () => reject(new Error(name)) };
}

/** Lets others go on for so many turns. */
async function pass(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
}

/** Whether it has forgotten what the writers of a session left. */
function hasForgotten(queue: WriteQueue, handle: string): Promise<boolean> {
  return run(queue, handle, patient, async (line) => line.newest === undefined);
}

test("the writers of one session go one after another, in the order in which they came", async () => {
  const queue = new WriteQueue();
  const log: string[] = [];
  const writers = ["a", "b", "c"].map((name) => writer(queue, "one", name, log));
  for (const [index, { finish, done }] of writers.entries()) {
    await settle();
    assert.equal(log.length, index + 1);
    finish();
    assert.equal(await done, log[index]);
  }
  assert.deepEqual(log, ["a", "b", "c"]);
});

test("those of another session do not wait for them", async () => {
  const queue = new WriteQueue();
  const log: string[] = [];
  const slow = writer(queue, "one", "slow", log);
  const other = writer(queue, "two", "other", log);
  other.finish();
  assert.equal(await other.done, "other");
  slow.finish();
  await slow.done;
});

test("a writer finds what the one before it left; when nobody waits any more, nothing is kept", async () => {
  const queue = new WriteQueue();
  const seen: (string | undefined)[] = [];
  const write = (data: string) =>
    queue.run("one", patient, async (line: Line) => {
      seen.push(line.newest?.data);
      line.newest = { data } as Any;
    });
  await Promise.all([write("a"), write("b"), write("c")]);
  await write("d");
  assert.deepEqual(seen, [undefined, "a", "b", undefined]);
});

test("a writer that fails lets the next one go", async () => {
  const queue = new WriteQueue();
  const log: string[] = [];
  const [first, second] = [writer(queue, "one", "first", log), writer(queue, "one", "second", log)];
  first.fail();
  await assert.rejects(first.done, /first/);
  second.finish();
  assert.equal(await second.done, "second");
});

test("who gives up waiting does not let those behind overtake those before, and does not write", async () => {
  const queue = new WriteQueue();
  const log: string[] = [];
  const first = writer(queue, "one", "first", log);
  const impatient = run(
    queue,
    "one",
    () => Promise.reject(new Error("too long")),
    async () => log.push("impatient"),
  );
  const last = writer(queue, "one", "last", log);
  await assert.rejects(impatient, /too long/);
  await settle();
  assert.deepEqual(log, ["first"]);
  first.finish();
  await settle();
  assert.deepEqual(log, ["first", "last"]);
  last.finish();
  await last.done;
});

test("a writer that takes no waiting is done at once, and so is the next one; who comes in the midst of it waits for it", async () => {
  const queue = new WriteQueue();
  const seen: (string | undefined)[] = [];
  const write = (data: string, meanwhile?: () => void) =>
    queue.run("one", patient, (line) => {
      seen.push(line.newest?.data);
      meanwhile?.();
      line.newest = { data } as Any;
      return data;
    });
  let inside: unknown;
  assert.equal(
    write("a", () => {
      inside = write("b");
    }),
    "a",
  );
  assert.deepEqual(seen, [undefined]);
  assert.equal(await inside, "b");
  assert.equal(write("c"), "c");
  assert.deepEqual(seen, [undefined, "a", undefined]);
});

test("a writer that fails at once lets the next one go", async () => {
  const queue = new WriteQueue();
  let inside: unknown;
  assert.throws(
    () =>
      queue.run("one", patient, () => {
        inside = queue.run("one", patient, () => "done");
        throw new Error("fails");
      }),
    /fails/,
  );
  assert.equal(await inside, "done");
  assert.ok(await hasForgotten(queue, "one"));
});

test("no line is left behind, however the writers end", async () => {
  const queue = new WriteQueue();
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          handle: fc.constantFrom("a", "b"),
          end: fc.constantFrom("done", "fails", "gives up", "done at once", "fails at once"),
        }),
      ),
      async (plans) => {
        let inside = 0;
        const runs = plans.map(({ handle, end }, index) =>
          run(
            queue,
            handle,
            end === "gives up" ? () => Promise.reject(new Error(end)) : patient,
            (line) => {
              line.newest = {} as Any;
              inside += handle === "a" ? 1 : 0;
              assert.ok(inside <= 1, "two at once");
              const leave = () => {
                inside -= handle === "a" ? 1 : 0;
                if (end.startsWith("fails")) throw new Error(end);
              };
              if (end.endsWith("at once")) return leave();
              return pass(index % 4).then(leave);
            },
          ),
        );
        await Promise.allSettled(runs);
        for (const handle of ["a", "b"]) assert.ok(await hasForgotten(queue, handle));
      },
    ),
    runs(),
  );
});
