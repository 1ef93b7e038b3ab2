import connectPgSimple from "connect-pg-simple";
import { RedisStore } from "connect-redis";
import session, { type SessionOptions, type Store } from "express-session";
import { expressHost } from "../drivers/express-host.ts";
import { bagOf } from "./bag.ts";
import { openPostgres, openValkey } from "./databases.ts";
import { sample } from "./sample.ts";
import { SECRET } from "./secrets.ts";
import type { Actions, Lack, Subject } from "./subject.ts";

const actions: Actions<object> = {
  begin(request) {
    Object.assign(bagOf(request), sample());
  },
  read: (request) => bagOf(request).count,
  change(request, count) {
    bagOf(request).count = count;
  },
};

interface OpenStore {
  readonly store?: Store;
  close?(): Promise<void>;
}

type Setting = Subject["setting"];

/** As the README sets it up, and with what saves the most work: a save only of what has changed, and none for strangers. */
const OPTIONS: Record<Setting, SessionOptions> = {
  default: { secret: SECRET, resave: true, saveUninitialized: true },
  best: { secret: SECRET, resave: false, saveUninitialized: false },
};

const STORES: Record<string, (setting: Setting) => Promise<OpenStore>> = {
  memory: async () => ({}),
  async valkey(setting) {
    const { client, close } = await openValkey();
    return { store: new RedisStore({ client, disableTouch: setting === "best" }), close };
  },
  async postgres(setting) {
    const { client, close } = await openPostgres();
    const PgStore = connectPgSimple(session);
    const store = new PgStore({
      pool: client,
      createTableIfMissing: true,
      disableTouch: setting === "best",
      pruneSessionInterval: false,
    });
    return { store, close };
  },
};

const TITLES = {
  memory: "express-session, memory",
  valkey: "express-session, connect-redis",
  postgres: "express-session, connect-pg-simple",
};

function subject(storage: keyof typeof TITLES, setting: Setting): Subject {
  const lacks: Lack[] = [
    "the response begins before the save has ended",
    "the id is stored as it is",
    "of two changes at the same time one is lost",
  ];
  if (setting === "best" && storage !== "memory") lacks.push("reading does not postpone the end");
  if (setting === "default") lacks.push("sets a cookie for every stranger");
  return {
    id: `express-session-${storage}${setting === "default" ? "-default" : ""}`,
    title: TITLES[storage],
    kind: "peer",
    framework: "express",
    storage,
    setting,
    lacks,
    async open() {
      const { store, close } = (await STORES[storage]?.(setting)) ?? {};
      const options = store === undefined ? OPTIONS[setting] : { ...OPTIONS[setting], store };
      return expressHost((app) => app.use(session(options)), actions, close);
    },
  };
}

export const expressSession: readonly Subject[] = (
  ["memory", "valkey", "postgres"] as const
).flatMap((storage) => [subject(storage, "best"), subject(storage, "default")]);
