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
  /** What it does not do, of what keepsake's stores on a server do all. */
  readonly lacks: readonly Lack[];
  open(): Promise<Host>;
}

/** What everybody leaves out who keeps the session in the client and nothing on the server. */
export const COOKIE_LACKS: readonly Lack[] = [
  "of two changes at the same time one is lost",
  "a logout does not end a copied cookie",
];

/** What a session library may leave out. */
export type Lack =
  | "does not encrypt"
  | "the response begins before the save has ended"
  | "the server enforces no timeout"
  | "of two changes at the same time one is lost"
  | "a logout does not end a copied cookie"
  | "sets a cookie for every stranger"
  | "the id is stored as it is"
  | "reading does not postpone the end";

/** What the routes of an application do with the session of a request. Each may give a promise. */
export interface Actions<Context> {
  /** Begins a session that holds the sample. */
  begin(context: Context): unknown;
  /** Gives `count` of the session, or undefined. */
  read(context: Context): unknown;
  /** Changes `count` of the session. */
  change(context: Context, count: number): unknown;
}
