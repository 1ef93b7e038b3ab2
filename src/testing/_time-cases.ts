import type { SceneCase } from "./_scene.ts";
import { read } from "./_stranger-cases.ts";
import { equal, ok } from "./check.ts";

export const timeCases: readonly SceneCase[] = [
  [
    "invariant 9, time ends sessions: an unused one after its idle timeout, never early",
    async ({ newVisitor, clock, idle }) => {
      const early = newVisitor();
      const late = newVisitor();
      for (const visitor of [early, late]) await visitor.post("/set", { a: 1 });
      clock.advance(idle);
      equal((await read(early)).data, { a: 1 }, "at the idle timeout");
      clock.advance(idle / 10);
      equal((await read(late)).data, {}, "a tenth after the idle timeout");
    },
  ],
  [
    "invariant 9, time ends sessions: use moves the idle timeout, and is written once a tenth of it",
    async ({ newVisitor, clock, idle, tokenOf }) => {
      const visitor = newVisitor();
      await visitor.post("/set", { a: 1 });
      const token = tokenOf(visitor);
      for (let use = 0; use < 3; use += 1) {
        clock.advance(idle * 0.9);
        equal((await read(visitor)).data, { a: 1 }, `use ${use + 1}`);
        equal(tokenOf(visitor), token, "a use wrote the data again");
      }
    },
  ],
  [
    "invariant 9, time ends sessions: activity never moves the absolute timeout, login restarts it",
    async ({ newVisitor, clock, idle, absolute }) => {
      const busy = newVisitor();
      const again = newVisitor();
      for (const visitor of [busy, again]) await visitor.post("/login?user=ada");
      const steps = absolute / (idle / 2);
      for (let step = 1; step < steps; step += 1) {
        clock.advance(idle / 2);
        for (const visitor of [busy, again]) await visitor.post("/set", { step });
        if (step === 2) await again.post("/login?user=ada");
      }
      equal((await read(busy)).subject, "ada", "just before the absolute timeout");
      clock.advance(idle / 2);
      equal((await read(busy)).subject, null, "at the absolute timeout");
      equal((await read(again)).subject, "ada", "after a second login");
    },
  ],
  [
    "invariant 9, time ends sessions: expiresAt shows the earlier of the two ends",
    async ({ newVisitor, clock, idle, absolute }) => {
      const visitor = newVisitor();
      await visitor.post("/login?user=ada");
      const start = clock();
      equal(Date.parse((await read(visitor)).expiresAt), start + idle * 1000, "at the start");
      for (let moved = 0; moved < absolute - idle / 2; moved += idle / 2) {
        await read(visitor);
        clock.advance(idle / 2);
      }
      equal(Date.parse((await read(visitor)).expiresAt), start + absolute * 1000, "at the end");
    },
  ],
  [
    "invariant 9, throttled: within a tenth of the idle timeout no use writes anything",
    async ({ newVisitor, clock, idle, carriesToken }) => {
      const visitor = newVisitor();
      await visitor.post("/set", { a: 1 });
      clock.advance(idle / 10 - 1);
      ok(!carriesToken(await visitor.get("/read")), "a use within the tenth was written");
    },
  ],
];
