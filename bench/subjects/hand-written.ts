import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { expressHost } from "../drivers/express-host.ts";
import { fastifyHost } from "../drivers/fastify-host.ts";
import { type Exchange, fetchHost, plainHandler } from "../drivers/fetch-host.ts";
import { honoHost } from "../drivers/hono-host.ts";
import type { Host } from "../drivers/host.ts";
import { koaHost } from "../drivers/koa-host.ts";
import { type Sample, sample } from "./sample.ts";
import { SECRET } from "./secrets.ts";
import { type Actions, COOKIE_LACKS, type Framework, type Subject } from "./subject.ts";

const NAME = "session=";
const ATTRIBUTES = "; Path=/; HttpOnly; Secure; SameSite=Lax";
const key = createSecretKey(Buffer.from(SECRET));

function macOf(text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function sign(values: Sample): string {
  const text = Buffer.from(JSON.stringify(values)).toString("base64url");
  return `${NAME}${text}.${macOf(text).toString("base64url")}${ATTRIBUTES}`;
}

/** The values of the cookie, if it is signed. It looks for one cookie, in one place. */
function open(header: string | undefined): Sample | undefined {
  if (header?.startsWith(NAME) !== true) return undefined;
  const dot = header.indexOf(".");
  const text = header.slice(NAME.length, dot);
  const mac = Buffer.from(header.slice(dot + 1), "base64url");
  const right = macOf(text);
  if (mac.length !== right.length || !timingSafeEqual(mac, right)) return undefined;
  return JSON.parse(Buffer.from(text, "base64url").toString());
}

const REPLY: unique symbol = Symbol("reply");

interface Answerable extends FastifyRequest {
  [REPLY]?: FastifyReply | null;
}

/** The least that somebody would write by hand: a signed cookie, no times, no rotation, no encryption. */
function actions<Context>(
  cookieOf: (context: Context) => string | undefined,
  setCookie: (context: Context, cookie: string) => unknown,
): Actions<Context> {
  return {
    begin(context) {
      setCookie(context, sign(sample()));
    },
    read: (context) => open(cookieOf(context))?.count,
    change(context, count) {
      const values = open(cookieOf(context)) ?? sample();
      values.count = count;
      setCookie(context, sign(values));
    },
  };
}

const nothing = () => undefined;

const HOSTS: Record<Framework, () => Host | Promise<Host>> = {
  express: () =>
    expressHost(
      nothing,
      actions(
        ({ headers }) => headers.cookie,
        ({ res }, cookie) => res?.setHeader("set-cookie", cookie),
      ),
    ),
  fastify: () => {
    return fastifyHost(
      (app) => {
        app.decorateRequest(REPLY, null);
        app.addHook("onRequest", (request: Answerable, reply, done) => {
          request[REPLY] = reply;
          done();
        });
      },
      actions(
        ({ headers }) => headers.cookie,
        (request: Answerable, cookie) => request[REPLY]?.header("set-cookie", cookie),
      ),
    );
  },
  hono: () =>
    honoHost(
      nothing,
      actions(
        ({ req }) => req.header("cookie"),
        (context, cookie) => context.header("set-cookie", cookie, { append: true }),
      ),
    ),
  koa: () =>
    koaHost(
      nothing,
      actions(
        ({ headers }) => headers.cookie,
        (context, cookie) => context.append("set-cookie", cookie),
      ),
    ),
  fetch: () =>
    fetchHost(
      plainHandler(
        actions(
          ({ request }: Exchange) => request.headers.get("cookie") ?? undefined,
          ({ response }, cookie) => response.headers.append("set-cookie", cookie),
        ),
        (exchange) => exchange,
      ),
    ),
};

export const handWritten: readonly Subject[] = (
  ["express", "fastify", "hono", "koa", "fetch"] as const
).map((framework) => ({
  id: `hand-written-${framework}`,
  title: "HMAC cookie by hand",
  kind: "floor",
  framework,
  storage: "cookie",
  setting: "best",
  lacks: ["does not encrypt", "the server enforces no timeout", ...COOKIE_LACKS],
  open: async () => HOSTS[framework](),
}));
