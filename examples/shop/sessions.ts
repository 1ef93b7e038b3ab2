import { secretsFromEnv, timeouts } from "keepsake";
import { type ExpressMiddleware, sessions } from "keepsake/adapters/express";
import type { Cart } from "./cart.ts";

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
  /** What someone learns, and does not, who looks at a visitor's cookie. */
  readonly reveals: string;
  /** What logging out does not do. */
  readonly afterLogout: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const stores: Record<string, (env: Environment) => ShopSessions> = {
  cookie: (env) => ({
    middleware: sessions(secretsFromEnv("APP_SECRET", { env, warn: sayKeyIsMadeUp }), {
      ...timeouts.aal2,
    }),
    reveals:
      "Your whole session is in this cookie, sealed: whoever sees it learns its size and nothing of what is in it, " +
      "but whoever copies it can use it as you.",
    afterLogout:
      "Logging out deletes the cookie in this browser and nothing else. The server keeps no list of sessions, " +
      "so a copy made earlier works until it times out.",
  }),
};

/** `STORE` says where sessions are kept. */
export function createSessions(env: Environment): ShopSessions {
  const name = env.STORE || "cookie";
  const create = Object.hasOwn(stores, name) ? stores[name] : undefined;
  if (create === undefined) {
    throw new Error(`There is no STORE=${name}. There is: ${Object.keys(stores).join(", ")}.`);
  }
  return create(env);
}

function sayKeyIsMadeUp(): void {
  console.warn(
    "There is no APP_SECRET_1, so the shop made up a key: carts and logins last until it is restarted.",
  );
}
