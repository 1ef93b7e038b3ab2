import { bareSubjects } from "./bare.ts";
import { cookieSession } from "./cookie-session.ts";
import { expressSession } from "./express-session.ts";
import { fastifySession } from "./fastify-session.ts";
import { fetchLibraries } from "./fetch-libraries.ts";
import { handWritten } from "./hand-written.ts";
import { honoSessions } from "./hono-sessions.ts";
import { koaSession } from "./koa-session.ts";
import { ours } from "./ours.ts";
import { secureSession } from "./secure-session.ts";
import type { Subject } from "./subject.ts";

/** Everyone who is measured. */
export const subjects: readonly Subject[] = [
  ...bareSubjects,
  ...handWritten,
  ...ours,
  ...expressSession,
  cookieSession,
  secureSession,
  ...fastifySession,
  ...honoSessions,
  koaSession,
  ...fetchLibraries,
];

export function subjectOf(id: string): Subject {
  const found = subjects.find((subject) => subject.id === id);
  if (found === undefined) throw new Error(`There is no subject ${id}.`);
  return found;
}
