import type { MiddlewareHandler } from "astro";
import { secretsFromEnv } from "keepsake";
import { sessions } from "keepsake/adapters/fetch";

const withSession = sessions(secretsFromEnv("APP_SECRET"));

export const onRequest: MiddlewareHandler = ({ request, locals }, next) =>
  withSession((_request, session) => {
    locals.session = session;
    return next();
  })(request);
