import type { AddressInfo } from "node:net";
import fastify from "fastify";
import { secretsFromEnv } from "keepsake";
import { sessions } from "keepsake/adapters/fastify";

const app = fastify();
await app.register(sessions(secretsFromEnv("APP_SECRET")));
// Without a parser Fastify refuses forms, the empty ones that curl and browsers send included.
app.addContentTypeParser("application/x-www-form-urlencoded", async () => undefined);

app.get("/", async ({ session }) => {
  session.modify("visits", (visits) => Number(visits ?? 0) + 1);
  return `Hello ${session.subject ?? "stranger"}, visit ${session.get("visits")}\n`;
});

app.post<{ Querystring: { user?: string } }>("/login", async ({ session, query }, reply) => {
  // In place of your own check of a password.
  session.login(query.user ?? "ada", { keep: ["visits"] });
  return reply.redirect("/", 303);
});

app.post("/logout", async ({ session }, reply) => {
  session.logout();
  return reply.redirect("/", 303);
});

await app.listen({ port: Number(process.env.PORT ?? 3000), host: "127.0.0.1" });
const { port } = app.server.address() as AddressInfo;
console.log(`listening on http://127.0.0.1:${port}`);
