import type { Session, SessionStore } from "../../src/index.ts";
import { expressHost } from "../drivers/express-host.ts";
import { fastifyHost } from "../drivers/fastify-host.ts";
import { fetchHost, plainHandler } from "../drivers/fetch-host.ts";
import { honoHost } from "../drivers/hono-host.ts";
import type { Host } from "../drivers/host.ts";
import { koaHost } from "../drivers/koa-host.ts";
import { keepsake } from "../harness/keepsake.ts";
import { type OpenStore, openOurStore } from "./our-stores.ts";
import { type Sample, sample } from "./sample.ts";
import {
  type Actions,
  COOKIE_LACKS,
  type Framework,
  type Storage,
  type Subject,
} from "./subject.ts";

/** What is done with the session is the same everywhere; only where it is found differs. */
function actions<Context>(sessionOf: (context: Context) => Session<Sample>): Actions<Context> {
  return {
    begin: (context) => {
      sessionOf(context).update(sample());
    },
    read: (context) => sessionOf(context).get("count"),
    change: (context, count) => {
      sessionOf(context).set("count", count);
    },
  };
}

type MakeHost = (store: SessionStore<Sample>, close: () => Promise<void>) => Promise<Host>;

const HOSTS: Record<Framework, MakeHost> = {
  async express(store, close) {
    const { sessions, sessionOf } = await keepsake.express();
    return expressHost(
      (app) => app.use(sessions(store)),
      actions((request) => sessionOf<Sample>(request)),
      close,
    );
  },
  async fastify(store, close) {
    const { sessions, sessionOf } = await keepsake.fastify();
    return fastifyHost(
      (app) => app.register(sessions(store)),
      actions((request) => sessionOf<Sample>(request)),
      close,
    );
  },
  async hono(store, close) {
    const { sessions, sessionOf } = await keepsake.hono();
    return honoHost(
      (app) => app.use(sessions(store)),
      actions((context) => sessionOf<Sample>(context)),
      close,
    );
  },
  async koa(store, close) {
    const { sessions, sessionOf } = await keepsake.koa();
    return koaHost(
      (app) => app.use(sessions(store)),
      actions((context) => sessionOf<Sample>(context)),
      close,
    );
  },
  async fetch(store, close) {
    const { sessions } = await keepsake.fetch();
    const handler = plainHandler(
      actions((session: Session<Sample>) => session),
      (_exchange, session: Session<Sample>) => session,
    );
    return fetchHost(sessions(store)(handler), close);
  },
};

/** An application whose sessions are in a store of keepsake. */
export function ourHost(framework: Framework, { store, close }: OpenStore): Promise<Host> {
  return HOSTS[framework](store, close);
}

const TITLES: Record<Storage, string> = {
  cookie: "keepsake, sealed cookie",
  memory: "keepsake, memory",
  valkey: "keepsake, Valkey",
  postgres: "keepsake, PostgreSQL",
};

function subject(storage: Storage, framework: Framework): Subject {
  return {
    id: `keepsake-${storage}-${framework}`,
    title: TITLES[storage],
    kind: "ours",
    framework,
    storage,
    setting: "best",
    // Its own docs say so of a cookie without a revocation.
    lacks: storage === "cookie" ? COOKIE_LACKS : [],
    open: async () => ourHost(framework, await openOurStore(storage)),
  };
}

const FRAMEWORKS: readonly Framework[] = ["express", "fastify", "hono", "koa", "fetch"];

/** keepsake as `sessions(store)` sets it up: nothing is tuned. */
export const ours: readonly Subject[] = [
  ...FRAMEWORKS.flatMap((framework) => [
    subject("cookie", framework),
    subject("memory", framework),
  ]),
  ...(["valkey", "postgres"] as const).flatMap((storage) => [
    subject(storage, "express"),
    subject(storage, "fastify"),
  ]),
];
