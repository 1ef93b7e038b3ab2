import { secretsFromEnv } from "keepsake";
import { sessions } from "keepsake/adapters/next";
import { cookies, headers } from "next/headers";

declare module "keepsake" {
  interface SessionData {
    visits: number;
  }
}

export const { readSession, withSession, route } = sessions(secretsFromEnv("APP_SECRET"), {
  cookies,
  headers,
});
