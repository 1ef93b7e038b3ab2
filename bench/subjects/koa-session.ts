import { koaHost } from "../drivers/koa-host.ts";
import { bagOf } from "./bag.ts";
import { peers } from "./peers.ts";
import { sample } from "./sample.ts";
import { SECRET } from "./secrets.ts";
import { COOKIE_LACKS, type Subject } from "./subject.ts";

export const koaSession: Subject = {
  id: "koa-session",
  title: "koa-session, cookie",
  kind: "peer",
  framework: "koa",
  storage: "cookie",
  setting: "best",
  lacks: ["does not encrypt", ...COOKIE_LACKS],
  async open() {
    const { createSession } = await peers.koaSession();
    return koaHost(
      (app) => {
        app.keys = [SECRET];
        app.use(createSession({}, app));
      },
      {
        begin(context) {
          Object.assign(bagOf(context), sample());
        },
        read: (context) => bagOf(context).count,
        change(context, count) {
          bagOf(context).count = count;
        },
      },
    );
  },
};
