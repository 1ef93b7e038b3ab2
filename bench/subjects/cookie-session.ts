import { expressHost } from "../drivers/express-host.ts";
import { bagOf } from "./bag.ts";
import { peers } from "./peers.ts";
import { sample } from "./sample.ts";
import { SECRET } from "./secrets.ts";
import { COOKIE_LACKS, type Subject } from "./subject.ts";

export const cookieSession: Subject = {
  id: "cookie-session",
  title: "cookie-session",
  kind: "peer",
  framework: "express",
  storage: "cookie",
  setting: "best",
  lacks: ["does not encrypt", "the server enforces no timeout", ...COOKIE_LACKS],
  async open() {
    const { default: cookieSession } = await peers.cookieSession();
    return expressHost((app) => app.use(cookieSession({ name: "session", keys: [SECRET] })), {
      begin(request) {
        Object.assign(bagOf(request), sample());
      },
      read: (request) => bagOf(request).count,
      change(request, count) {
        bagOf(request).count = count;
      },
    });
  },
};
