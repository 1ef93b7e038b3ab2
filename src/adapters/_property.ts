import { describe, misconfigured } from "../core/options.ts";

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

/** Read-only, because assigning `null` ends a session in other libraries and would do nothing here. */
export function defineSession(
  owner: object,
  property: string,
  shown: string,
  session: object,
): void {
  Object.defineProperty(owner, property, {
    configurable: true,
    enumerable: true,
    get: () => session,
    set() {
      throw notReplaced(`${shown}.${property}`);
    },
  });
}

/** What an assignment to the session is told. */
export function notReplaced(name: string): TypeError {
  return new TypeError(
    `${name} cannot be replaced. To end the session call ${name}.logout(), to empty it ${name}.clear().`,
  );
}
