import type { Host } from "../drivers/host.ts";

export type Framework = "express" | "fastify" | "hono" | "koa" | "fetch";
/** Where a session is kept: in the client, in this process, or in a database. */
export type Storage = "cookie" | "memory" | "valkey" | "postgres";

/** One library in one framework, set up in one way. */
export interface Subject {
  readonly id: string;
  /** As it is shown. */
  readonly title: string;
  /** Whose it is: `ours`, a `peer`, the `floor` somebody could write by hand, or the `bare` framework. */
  readonly kind: "ours" | "peer" | "floor" | "bare";
  readonly framework: Framework;
  readonly storage?: Storage;
  /** `default`: as its README sets it up. `best`: with the options that make it fastest. One that has no such options is its best. */
  readonly setting: "best" | "default";
  /** What it does not do, of: encrypt, save before the response, keep concurrent changes, refuse to set cookies for strangers. */
  readonly lacks: readonly Lack[];
  open(): Promise<Host>;
}

/** What a session library may leave out. */
export type Lack =
  | "does not encrypt"
  | "the response does not wait for the save"
  | "of two changes at the same time one is lost"
  | "sets a cookie for every stranger"
  | "the id is stored as it is"
  | "reading does not postpone the end";

/** What the routes of an application do with the session of a request. Each may give a promise. */
export interface Actions<Context> {
  /** What a request costs that has no use for the session, where the library is called by hand. */
  untouched?(context: Context): unknown;
  /** Begins a session that holds the sample. */
  begin(context: Context): unknown;
  /** Gives `count` of the session, or undefined. */
  read(context: Context): unknown;
  /** Changes `count` of the session. */
  change(context: Context, count: number): unknown;
}
