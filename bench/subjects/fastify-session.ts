import { RedisStore } from "connect-redis";
import { fastifyHost } from "../drivers/fastify-host.ts";
import { bagOf } from "./bag.ts";
import { openValkey } from "./databases.ts";
import { peers } from "./peers.ts";
import { sample } from "./sample.ts";
import { SECRET } from "./secrets.ts";
import type { Subject } from "./subject.ts";

type Setting = Subject["setting"];

/** As the README sets it up, but for plain http; and with what saves the most work. */
const OPTIONS = {
  default: {},
  best: { saveUninitialized: false, rolling: false },
} satisfies Record<Setting, object>;

function subject(storage: "memory" | "valkey", setting: Setting): Subject {
  return {
    id: `fastify-session-${storage}${setting === "default" ? "-default" : ""}`,
    title: `@fastify/session, ${storage === "memory" ? "memory" : "connect-redis"}`,
    kind: "peer",
    framework: "fastify",
    storage,
    setting,
    lacks: [
      "the id is stored as it is",
      "of two changes at the same time one is lost",
      setting === "default"
        ? "sets a cookie for every stranger"
        : "reading does not postpone the end",
    ],
    async open() {
      const [{ default: cookie }, { default: session }] = await Promise.all([
        peers.fastifyCookie(),
        peers.fastifySession(),
      ]);
      const { client, close } = storage === "valkey" ? await openValkey() : {};
      const store = client && new RedisStore({ client, prefix: "fastify:" });
      return fastifyHost(
        async (app) => {
          await app.register(cookie);
          await app.register(session, {
            secret: SECRET,
            cookie: { secure: false },
            ...OPTIONS[setting],
            ...(store && { store }),
          });
        },
        {
          begin(request) {
            Object.assign(bagOf(request), sample());
          },
          read: (request) => bagOf(request).count,
          change(request, count) {
            bagOf(request).count = count;
          },
        },
        close,
      );
    },
  };
}

export const fastifySession: readonly Subject[] = (["memory", "valkey"] as const).flatMap(
  (storage) => [subject(storage, "best"), subject(storage, "default")],
);
