import { type Session, secretsFromEnv } from "keepsake";
import { sessions } from "keepsake/adapters/fetch";
import { createContext, type MiddlewareFunction } from "react-router";

declare module "keepsake" {
  interface SessionData {
    visits: number;
  }
}

export const sessionContext = createContext<Session>();

const withSession = sessions(secretsFromEnv("APP_SECRET"));

export const sessionMiddleware: MiddlewareFunction<Response> = ({ request, context }, next) =>
  withSession((_request, session) => {
    context.set(sessionContext, session);
    return next();
  })(request);
