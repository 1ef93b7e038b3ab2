import { SessionError } from "../core/errors.ts";
import { describe, misconfigured } from "../core/options.ts";
import { Session } from "../core/session.ts";

/** What an adapter takes whose framework gives a handler one object to find everything on. */
export interface PropertyOptions<Property extends string> {
  /**
   * Where the session is found. With another name, and another cookie, an application has a second kind of session
   * beside the first: that of its administrators, say. Default: `"session"`.
   */
  readonly property?: Property;
}

export function readProperty<Property extends string>(value: Property | undefined): string {
  if (value === undefined) return "session";
  if (typeof value !== "string" || !/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(value)) {
    throw misconfigured(
      `sessions: property must be a name such as "adminSession", not ${describe(value)}.`,
    );
  }
  return value;
}

/** Shows a session on what a handler finds everything on. */
export type ShowSession = (owner: object, session: object) => void;

/** By where they are shown: accessors that were made for one request would be kept by V8 longer than the request. */
const properties = new Map<string, ShowSession>();

/** What shows a session as a property that can only be read: assigning `null` ends one in other libraries and would do nothing here. */
export function sessionProperty(property: string, shown: string): ShowSession {
  const name = `${shown}.${property}`;
  const show = properties.get(name) ?? shareProperty(property, name);
  properties.set(name, show);
  return show;
}

function shareProperty(property: string, name: string): ShowSession {
  const key = Symbol(name);
  const descriptor: PropertyDescriptor = {
    configurable: true,
    enumerable: true,
    get(this: Showing): unknown {
      return this[key]?.session;
    },
    set() {
      throw notReplaced(name);
    },
  };
  return (owner, session) => {
    (owner as Showing)[key] = new Shown(session);
    Object.defineProperty(owner, property, descriptor);
  };
}

interface Showing {
  [key: symbol]: Shown | undefined;
}

/** Hides a session from `console.log` of what it is shown on, which would count as using it. */
class Shown {
  readonly #session: object;

  constructor(session: object) {
    this.#session = session;
  }

  get session(): object {
    return this.#session;
  }
}

/** Where somebody looks for a session, and what is to be done if none is there. */
export interface Place {
  /** What the property is shown on: `req`. */
  readonly owner: string;
  readonly property: string;
  /** The line that is missing, given the arguments of `sessions` in it, and where it has to come. */
  remedy(sessions: string): string;
}

/** A session that was found, or `ERR_SESSION_MISSING`, which names the line that is missing. */
export function checkFound<Data extends object>(
  found: unknown,
  { owner, property, remedy }: Place,
): Session<Data> {
  if (found instanceof Session) return found;
  const what = found === undefined ? "not there" : "no session of keepsake's";
  const options = property === "session" ? "" : `, { property: "${property}" }`;
  throw new SessionError(
    "ERR_SESSION_MISSING",
    `${owner}.${property} is ${what}: this request did not go through sessions. ${remedy(`sessions(…${options})`)}`,
  );
}

/** What an assignment to the session is told. */
export function notReplaced(name: string): TypeError {
  return new TypeError(
    `${name} cannot be replaced. To end the session call ${name}.logout(), to empty it ${name}.clear().`,
  );
}
