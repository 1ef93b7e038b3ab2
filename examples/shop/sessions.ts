import { type ServerSessionStore, secretsFromEnv, timeouts } from "keepsake";
import { type ExpressMiddleware, sessions } from "keepsake/adapters/express";
import type { Cart } from "./cart.ts";
import { databases, type Environment } from "./databases.ts";
import { deviceOf } from "./device.ts";

declare module "keepsake" {
  interface SessionData {
    cart: Cart;
    /** Said once, on the page after a redirect. */
    notice: string;
  }
}

/** Where the shop keeps its sessions, and what its pages have to tell a visitor about that. */
export interface ShopSessions {
  readonly middleware: ExpressMiddleware;
  /** Lists a user's sessions and ends them. `undefined` for the cookie, of which the server has no list. */
  readonly devices: ServerSessionStore | undefined;
  /** Where sessions are, as an operator is told. */
  readonly place: string;
  /** What someone learns, and does not, who looks at a visitor's cookie. */
  readonly reveals: string;
  /** Why a cookie may open no session. */
  readonly refuses: string;
  /** What logging out does, and does not. */
  readonly afterLogout: string;
  close(): Promise<void>;
}

const KEPT: Readonly<Record<string, string>> = {
  sqlite: "in a file on the server",
  memory: "in the memory of the server, until the shop closes",
};

/** `STORE` says where sessions are kept. */
export async function openSessions(env: Environment = process.env): Promise<ShopSessions> {
  const name = env.STORE || "sqlite";
  if (name === "cookie") return inCookies(env);
  const open = Object.hasOwn(databases, name) ? databases[name] : undefined;
  if (open === undefined) {
    const names = [...Object.keys(databases), "cookie"].join(", ");
    throw new Error(`There is no STORE=${name}. There is: ${names}.`);
  }
  const { store, place, close } = await open(env, {
    ...timeouts.aal2,
    renewAfter: 3600,
    label: ({ headers }) => deviceOf(headers.get("user-agent") ?? ""),
  });
  return {
    middleware: sessions(store),
    devices: store,
    place,
    reveals:
      "Only the name of your session and a key to it are in this cookie. What you put into your cart is kept " +
      `${KEPT[name] ?? "in a database on the server"}. Whoever copies the cookie can use it as you, until you log out.`,
    refuses: "it has timed out, or its session was ended, perhaps on another of your devices",
    afterLogout:
      "Logging out ends the session on the server, so a copy of the cookie that was made earlier opens nothing.",
    close,
  };
}

function inCookies(env: Environment): ShopSessions {
  return {
    middleware: sessions(secretsFromEnv("APP_SECRET", { env, warn: sayKeyIsMadeUp }), {
      ...timeouts.aal2,
    }),
    devices: undefined,
    place: "in the visitors’ cookies, sealed",
    reveals:
      "Your whole session is in this cookie, sealed: whoever sees it learns its size and nothing of what is in it, " +
      "but whoever copies it can use it as you.",
    refuses: "it has timed out, or was sealed with a key this server does not have",
    afterLogout:
      "Logging out deletes the cookie in this browser and nothing else. The server keeps no list of sessions, " +
      "so a copy made earlier works until it times out.",
    close: async () => undefined,
  };
}

function sayKeyIsMadeUp(): void {
  console.warn(
    "There is no APP_SECRET_1, so the shop made up a key: carts and logins last until it is restarted.",
  );
}
