import assert from "node:assert/strict";
import type { ServerSessionStore } from "keepsake";
import type { FakeClock, Visitor } from "keepsake/testing";
import type { ProbeData } from "./app.ts";

/** How old a token must be to be renewed, in seconds. */
export const RENEW_AFTER = 3600;
const AFTER_GRACE = 31;

/** What a database holds of a session that is alive. */
export interface Stored {
  readonly handle: string;
  readonly subject: string | undefined;
  readonly data: unknown;
}

/** What there is after the death of a process, and the next process. */
export interface Aftermath {
  readonly user: string;
  readonly stored: Stored | undefined;
  /** The next process' store. */
  readonly store: ServerSessionStore<ProbeData>;
  /** The client, which goes on with the cookies that it has. */
  readonly visitor: Visitor;
  readonly clock: FakeClock;
}

/** What a client does while a process dies. */
export interface Flow {
  /** Makes the session that is there before. */
  before?(visitor: Visitor, user: string): Promise<unknown>;
  /** How much time passes then, in seconds. */
  readonly pause?: number;
  /** What it asks of the process that dies. It throws where that has died. */
  act(visitor: Visitor, user: string): Promise<unknown>;
  /** How many answers it waits for. Default: one. */
  readonly answers?: number;
  /** What it asks of another process when the first has read the session. */
  meanwhile?(visitor: Visitor): Promise<unknown>;
  /** Between which the database must have decided. `undefined`: no session is alive. */
  outcomes(user: string): readonly (Omit<Stored, "handle"> | undefined)[];
  /** What else must hold. */
  check(aftermath: Aftermath): Promise<void>;
}

interface ReadAnswer {
  readonly id: string;
  readonly data: ProbeData;
  readonly isNew: boolean;
  readonly subject: string | null;
}

const read = (visitor: Visitor) => visitor.read<ReadAnswer>("/read");

const hasData = async ({ stored, visitor }: Aftermath) => {
  assert.deepEqual((await read(visitor)).data, stored?.data);
};

export const flows: Readonly<Record<string, Flow>> = {
  login: {
    before: (visitor) => visitor.post("/set", { cart: ["tea"], draft: "x" }),
    act: (visitor, user) => visitor.post(`/login?user=${user}&keep=cart`),
    outcomes: (user) => [
      { subject: undefined, data: { cart: ["tea"], draft: "x" } },
      { subject: user, data: { cart: ["tea"] } },
    ],
    check: async ({ user, stored, store, visitor }) => {
      const isIn = stored?.subject !== undefined;
      const { isNew, subject } = await read(visitor);
      assert.deepEqual([isNew, subject], [isIn, null], "the anonymous cookie");
      assert.equal((await store.list(user)).length, isIn ? 1 : 0);
      await visitor.post(`/login?user=${user}`);
      const again = await read(visitor);
      assert.equal(again.subject, user, "a second login");
      assert.ok((await store.list(user)).some(({ id }) => id === again.id));
    },
  },

  "a stranger's login": {
    act: (visitor, user) => visitor.post(`/login?user=${user}`),
    outcomes: (user) => [undefined, { subject: user, data: {} }],
    check: async ({ user, stored, store, visitor }) => {
      const lost = stored === undefined ? 0 : 1;
      assert.equal((await store.list(user)).length, lost);
      await visitor.post(`/login?user=${user}`);
      assert.equal((await read(visitor)).subject, user, "a second login");
      assert.equal((await store.list(user)).length, lost + 1);
    },
  },

  renewal: {
    before: (visitor, user) => visitor.post(`/login?user=${user}`),
    pause: RENEW_AFTER,
    act: async (visitor) => {
      for (let use = 0; use < 2; use += 1) await visitor.get("/count");
    },
    answers: 2,
    outcomes: (user) => [
      { subject: user, data: {} },
      ...[1, 2].map((count) => ({ subject: user, data: { count } })),
    ],
    check: async ({ user, stored, store, visitor, clock }) => {
      const cookies = new Set([visitor.jar.header()]);
      for (let use = 0; use < 4; use += 1) {
        const { id, subject } = await read(visitor);
        assert.deepEqual([id, subject], [stored?.handle, user], "the renewal logged out");
        cookies.add(visitor.jar.header());
        clock.advance(AFTER_GRACE);
      }
      assert.ok(cookies.size <= 2, "a second successor");
      assert.deepEqual(
        (await store.list(user)).map(({ id }) => id),
        [stored?.handle],
      );
    },
  },

  logout: {
    before: async (visitor, user) => {
      await visitor.post(`/login?user=${user}`);
      await visitor.post("/set", { a: 1 });
    },
    act: (visitor) => visitor.post("/logout"),
    outcomes: (user) => [{ subject: user, data: { a: 1 } }, undefined],
    check: async ({ user, stored, store, visitor }) => {
      const isOut = stored === undefined;
      const { isNew, data } = await read(visitor);
      assert.deepEqual([isNew, data], isOut ? [true, {}] : [false, { a: 1 }]);
      assert.equal((await store.list(user)).length, isOut ? 0 : 1);
      await visitor.post("/logout");
      assert.deepEqual(await store.list(user), []);
    },
  },

  save: {
    before: (visitor) => visitor.post("/set", { a: 0, b: 0 }),
    act: (visitor) => visitor.post("/set", { a: 1, b: 1 }),
    outcomes: () => [0, 1].map((value) => ({ subject: undefined, data: { a: value, b: value } })),
    check: hasData,
  },

  "save after another's": {
    before: (visitor) => visitor.post("/set", { a: 0, b: 0 }),
    act: (visitor) => visitor.post("/set?delay=300", { a: 1, b: 1 }),
    meanwhile: (visitor) => visitor.post("/set", { c: 1 }),
    outcomes: () =>
      [0, 1].map((value) => ({ subject: undefined, data: { a: value, b: value, c: 1 } })),
    check: hasData,
  },
};
