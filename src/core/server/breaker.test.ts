import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { runs, seeded, Time } from "../kit.test.ts";
import { Breaker, type Trial } from "./breaker.ts";

function start(byte = 0) {
  const time = new Time();
  const changes: boolean[] = [];
  const tested = new Breaker(
    time.clock,
    () => Uint8Array.of(byte),
    (isOpen) => changes.push(isOpen),
  );
  let trial: Trial = "call";
  // One caller after another, each of which says how it went.
  const breaker = {
    admits: () => {
      const given = tested.admit();
      trial = given ?? trial;
      return given !== undefined;
    },
    succeeded: () => tested.succeeded(trial),
    failed: () => tested.failed(trial),
  };
  const fail = (times: number) => {
    for (let count = 0; count < times; count += 1) {
      assert.equal(breaker.admits(), true);
      breaker.failed();
    }
  };
  return { time, breaker, tested, changes, fail };
}

test("requirement 91: four failures in a row change nothing, the fifth opens it, and that is told once", () => {
  const { breaker, changes, fail } = start();
  fail(4);
  assert.equal(breaker.admits(), true);
  assert.deepEqual(changes, []);
  breaker.failed();
  assert.equal(breaker.admits(), false);
  breaker.failed();
  breaker.failed();
  assert.deepEqual(changes, [true]);
});

test("requirement 91: what comes of a call from before it opened neither closes it nor lets a second caller through", () => {
  for (const outcome of ["succeeded", "failed", "gaveUp"] as const) {
    const { time, tested, changes, fail } = start();
    fail(4);
    const early = tested.admit() ?? "probe";
    fail(1);
    time.advance(2);
    const probe = tested.admit() ?? "call";
    tested[outcome](early);
    assert.equal(tested.admit(), undefined, outcome);
    assert.deepEqual(changes, [true]);
    tested.succeeded(probe);
    assert.deepEqual(changes, [true, false]);
  }
});

test("one success in between counts from the start again", () => {
  const { breaker, fail, changes } = start();
  for (let round = 0; round < 3; round += 1) {
    fail(4);
    breaker.succeeded();
  }
  fail(4);
  assert.equal(breaker.admits(), true);
  assert.deepEqual(changes, []);
});

test("while it is open one caller at a time is let through, a second after the last failure, and with a jitter", () => {
  for (const [byte, pause] of [
    [0, 1],
    [128, 1.25],
    [255, 1.499],
  ] as const) {
    const { time, breaker, fail } = start(byte);
    fail(5);
    time.advance(pause - 0.002);
    assert.equal(breaker.admits(), false, `too early, ${byte}`);
    time.advance(0.003);
    assert.deepEqual([breaker.admits(), breaker.admits(), breaker.admits()], [true, false, false]);
    breaker.failed();
    assert.equal(breaker.admits(), false, "its failure keeps it open");
    time.advance(pause + 0.001);
    assert.equal(breaker.admits(), true);
  }
});

test("the first success closes it, and that is told once", () => {
  const { time, breaker, changes, fail } = start();
  fail(5);
  time.advance(1);
  assert.equal(breaker.admits(), true);
  breaker.succeeded();
  breaker.succeeded();
  assert.deepEqual(changes, [true, false]);
  assert.deepEqual([breaker.admits(), breaker.admits()], [true, true]);
  fail(5);
  assert.deepEqual(changes, [true, false, true]);
});

test("requirement 76: a clock that was set back does not keep it open", () => {
  const { time, breaker, fail } = start();
  fail(5);
  time.advance(-3600);
  assert.equal(breaker.admits(), true);
});

test("a property: at most one probe a second is let through while nothing succeeds", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ wait: fc.nat(700), answers: fc.boolean() })), (steps) => {
      const time = new Time();
      const breaker = new Breaker(time.clock, seeded(2), () => {});
      for (let count = 0; count < 5; count += 1) breaker.failed("call");
      let probes = 0;
      const began = time.now;
      for (const { wait, answers } of steps) {
        time.now += wait;
        const trial = breaker.admit();
        if (trial !== undefined) probes += 1;
        if (trial !== undefined && answers) breaker.failed(trial);
      }
      assert.ok(probes <= (time.now - began) / 1000 + 1, `${probes} in ${time.now - began} ms`);
    }),
    runs(),
  );
});
