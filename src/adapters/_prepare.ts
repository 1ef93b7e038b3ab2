import { checkFunction } from "../core/options.ts";
import type { AdapterMiddleware } from "./_middleware.ts";
import { type PropertyOptions, readProperty } from "./_property.ts";
import {
  createMiddleware,
  readArguments,
  type SessionsOptions,
  type SessionsSource,
} from "./_sessions.ts";

/** What an adapter takes that can leave requests alone. */
export interface SkipOption<Request> {
  /** Requests whose session is not to be loaded, such as those for static files; using it then throws `ERR_SESSION_MISSING`. */
  readonly skip?: (request: Request) => boolean;
}

/** What `sessions` needs where a framework gives a handler one object to find everything on. */
interface Prepared<Data extends object, Own extends object> {
  readonly middleware: AdapterMiddleware<Data>;
  readonly property: string;
  /** What was given, the options of the adapter itself among it. */
  readonly given: Own;
}

/**
 * The arguments of `sessions`, checked.
 *
 * @param own The names of the adapter's own options, beside `property` and `skip`.
 * @throws `ERR_SESSION_SECRET`, `ERR_SESSION_CONFIG` for bad options.
 */
export function prepare<
  Data extends object,
  Own extends PropertyOptions<string> & SkipOption<never>,
>(
  source: SessionsSource<Data, Own>,
  rest: SessionsOptions<Data> & Own,
  own: readonly string[] = [],
): Prepared<Data, Own> {
  const read = readArguments(source, rest);
  const middleware = createMiddleware(read, [...own, "property", "skip"]);
  const given = read.options;
  checkFunction("sessions", "skip", given.skip);
  return { middleware, property: readProperty(given.property), given };
}
