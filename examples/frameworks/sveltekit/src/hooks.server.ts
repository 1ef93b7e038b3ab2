import type { Handle } from "@sveltejs/kit/hooks";
import { secretsFromEnv } from "keepsake";
import { sessions } from "keepsake/adapters/fetch";

const withSession = sessions(secretsFromEnv("APP_SECRET"));

export const handle: Handle = ({ event, resolve }) =>
  withSession((_request, session) => {
    event.locals.session = session;
    return resolve(event);
  })(event.request);
