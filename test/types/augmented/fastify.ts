import fastify, {
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import { InMemorySessionStore, type Session, type SessionData } from "keepsake";
import { sessionOf, sessions } from "keepsake/adapters/fastify";
import { exactly } from "../exactly.ts";

declare module "fastify" {
  interface FastifyRequest {
    readonly adminSession: Session<{ level: number }>;
  }
}

const app = fastify();
await app.register(sessions("secret", { skip: ({ url }) => url.startsWith("/static/") }));
await app.register(sessions(new InMemorySessionStore(), { property: "adminSession" }));

app.addHook("preHandler", async (request) => {
  exactly<Session<SessionData>>()(request.session);
  request.session.modify("count", (count = 0) => count + 1);
});

app.get("/", async ({ session }, reply) => {
  exactly<number | undefined>()(session.get("count"));
  session.data.cart?.push("tea");
  // @ts-expect-error TS2345: there is no such key
  session.get("basket");
  // @ts-expect-error TS2322: there is no such theme
  session.data.theme = "blue";
  return reply.send({ count: session.get("count") });
});

app.post<{ Querystring: { user: string } }>("/login", (request, reply) => {
  exactly<Session<SessionData>>()(request.session);
  request.session.login(request.query.user, { keep: ["cart"] });
  request.session.flash("theme", "dark");
  // @ts-expect-error TS2322: only keys can be kept
  request.session.login("ada", { keep: ["basket"] });
  // @ts-expect-error TS2345: a count is a number
  request.session.set("count", "1");
  // @ts-expect-error TS2540: the session cannot be replaced
  request.session = undefined as never;
  reply.redirect("/");
});

const shop: FastifyPluginAsync = async (part) => {
  part.addHook("onRequest", (request, _reply, next) => {
    exactly<Session<SessionData>>()(request.session);
    next();
  });
  part.get("/cart", async ({ session }) => session.get("cart", []));
};
await app.register(shop, { prefix: "/shop" });

function addRoutes(part: FastifyInstance): void {
  part.route({
    method: "GET",
    url: "/theme",
    handler: async ({ session }) => exactly<"light" | "dark" | undefined>()(session.get("theme")),
  });
}
addRoutes(app);

app.setErrorHandler((_error, request, reply) => {
  exactly<Session<SessionData>>()(request.session);
  reply.send(request.session.subject);
});
app.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) => {
  exactly<Session<SessionData>>()(request.session);
  reply.code(404).send();
});

app.get("/admin", async ({ adminSession }) => {
  exactly<Session<{ level: number }>>()(adminSession);
  // @ts-expect-error TS2345: a level is a number
  adminSession.set("level", "high");
  // @ts-expect-error TS2345: the data is not that of the other session
  return adminSession.get("count");
});

// In a function that does not rely on the plugin.
app.addHook("onRequest", async (request) => exactly<Session<SessionData>>()(sessionOf(request)));

// @ts-expect-error TS2353: there is no such option
sessions("secret", { rolling: true });
// Fastify cannot tell: its requests have a session in every program that imports the adapter.
fastify().get("/", async ({ session }) => session.get("count"));
