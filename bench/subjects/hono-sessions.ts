import { honoHost } from "../drivers/hono-host.ts";
import { type HonoSession, peers } from "./peers.ts";
import { sample } from "./sample.ts";
import { SECRET } from "./secrets.ts";
import type { Subject } from "./subject.ts";

function subject(id: "plain" | "encrypted"): Subject {
  return {
    id: `hono-sessions-memory-${id}`,
    title: `hono-sessions, memory, ${id} id`,
    kind: "peer",
    framework: "hono",
    storage: "memory",
    setting: id === "plain" ? "best" : "default",
    lacks: [
      "sets a cookie for every stranger",
      "the id is stored as it is",
      "of two changes at the same time one is lost",
      ...(id === "plain" ? (["the server enforces no timeout"] as const) : []),
    ],
    async open() {
      const { MemoryStore, sessionMiddleware } = await peers.honoSessions();
      const sessionOf = (context: { get(key: "session"): HonoSession }) => context.get("session");
      return honoHost(
        (app) =>
          app.use(
            sessionMiddleware({
              store: new MemoryStore(),
              cookieOptions: { path: "/", httpOnly: true, sameSite: "Lax" },
              ...(id === "encrypted"
                ? { encryptionKey: SECRET, expireAfterSeconds: 86_400 }
                : { autoExtendExpiration: false }),
            }),
          ),
        {
          begin(context) {
            for (const [key, value] of Object.entries(sample())) sessionOf(context).set(key, value);
          },
          read: (context) => sessionOf(context).get("count") ?? undefined,
          change(context, count) {
            sessionOf(context).set("count", count);
          },
        },
      );
    },
  };
}

export const honoSessions: readonly Subject[] = [subject("plain"), subject("encrypted")];
