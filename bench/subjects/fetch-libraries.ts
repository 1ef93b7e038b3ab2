import { createSecretKey } from "node:crypto";
import type { Exchange } from "../drivers/fetch-host.ts";
import { fetchHost, plainHandler } from "../drivers/fetch-host.ts";
import { peers, type ReactRouterSession } from "./peers.ts";
import { type Sample, sample } from "./sample.ts";
import { SECRET } from "./secrets.ts";
import { type Actions, COOKIE_LACKS, type Lack, type Subject } from "./subject.ts";

/** Libraries that are called by hand: a handler asks for the session, and writes it. */
function subject(
  id: string,
  title: string,
  lacks: readonly Lack[],
  makeActions: () => Promise<Actions<Exchange>>,
): Subject {
  return {
    id,
    title,
    kind: "peer",
    framework: "fetch",
    storage: "cookie",
    setting: "best",
    lacks: [...lacks, ...COOKIE_LACKS],
    open: async () => fetchHost(plainHandler(await makeActions(), (exchange) => exchange)),
  };
}

const reactRouter = subject(
  "react-router",
  "React Router, cookie storage",
  ["does not encrypt", "the server enforces no timeout"],
  async () => {
    const { createCookieSessionStorage } = await peers.reactRouter();
    const storage = createCookieSessionStorage({
      cookie: { name: "session", secrets: [SECRET], path: "/", httpOnly: true, sameSite: "lax" },
    });
    const sessionOf = ({ request }: Exchange) => storage.getSession(request.headers.get("cookie"));
    const commit = async ({ response }: Exchange, session: ReactRouterSession) =>
      response.headers.append("set-cookie", await storage.commitSession(session));
    return {
      async begin(exchange) {
        const session = await sessionOf(exchange);
        for (const [key, value] of Object.entries(sample())) session.set(key, value);
        await commit(exchange, session);
      },
      read: async (exchange) => (await sessionOf(exchange)).get("count"),
      async change(exchange, count) {
        const session = await sessionOf(exchange);
        session.set("count", count);
        await commit(exchange, session);
      },
    };
  },
);

const ironSession = subject("iron-session", "iron-session", [], async () => {
  const { getIronSession } = await peers.ironSession();
  const options = { cookieName: "session", password: SECRET, cookieOptions: { secure: false } };
  const sessionOf = ({ request, response }: Exchange) =>
    getIronSession<Sample>(request, response.headers, options);
  return {
    async begin(exchange) {
      const session = await sessionOf(exchange);
      await Object.assign(session, sample()).save();
    },
    read: async (exchange) => (await sessionOf(exchange)).count,
    async change(exchange, count) {
      const session = await sessionOf(exchange);
      session.count = count;
      await session.save();
    },
  };
});

const jose = subject("jose", "jose, JWE A256GCM", [], async () => {
  const { EncryptJWT, jwtDecrypt } = await peers.jose();
  // It takes the CryptoKey, which it need not import for each token.
  const key = await crypto.subtle.importKey(
    "raw",
    createSecretKey(Buffer.from(SECRET, "base64url")).export(),
    "AES-GCM",
    false,
    ["encrypt", "decrypt"],
  );
  const NAME = "session=";
  const open = async ({ request }: Exchange): Promise<Record<string, unknown> | undefined> => {
    const cookie = request.headers.get("cookie");
    if (cookie?.startsWith(NAME) !== true) return undefined;
    try {
      return (await jwtDecrypt(cookie.slice(NAME.length), key)).payload;
    } catch {
      return undefined;
    }
  };
  const seal = async ({ response }: Exchange, values: object) => {
    const token = await new EncryptJWT(values)
      .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
      .setIssuedAt()
      .setExpirationTime("1d")
      .encrypt(key);
    response.headers.append("set-cookie", `${NAME}${token}; Path=/; HttpOnly; SameSite=Lax`);
  };
  return {
    begin: (exchange) => seal(exchange, sample()),
    read: async (exchange) => (await open(exchange))?.count,
    change: async (exchange, count) => seal(exchange, { ...(await open(exchange)), count }),
  };
});

export const fetchLibraries: readonly Subject[] = [reactRouter, jose, ironSession];
