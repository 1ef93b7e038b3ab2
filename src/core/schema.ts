import { SessionError } from "./errors.ts";
import type { OnEvent } from "./events.ts";
import { isValues, type Values } from "./json.ts";
import { misconfigured } from "./options.ts";
import { andThen, type Eventually } from "./promises.ts";
import { internals, type Session } from "./session.ts";
import type { StandardResult, StandardSchema } from "./standard-schema.ts";

/** What is done with loaded data that does not fit the schema. */
export type OnInvalid<Data> = "discard" | "throw" | ((data: unknown) => Partial<Data>);

/** What loaded data is held against, and what becomes of data that does not fit. */
export interface SchemaOptions<Data extends object> {
  /**
   * Any Standard Schema (zod, valibot, arktype …) of the data. A session fills up key by key, so every key should be
   * optional. Checked when a session is loaded, so that what an older release wrote is never taken for something else.
   */
  readonly schema?: StandardSchema<Data>;
  /**
   * For data that does not fit: `"discard"` (default) goes on with an empty session that keeps its subject and times;
   * `"throw"` fails with `ERR_SESSION_DATA`; a function makes data that fits of data that does not.
   */
  readonly onInvalid?: OnInvalid<Data>;
}

type Check<Data extends object> = (session: Session<Data>) => Eventually<Session<Data>>;

/** A function that puts a loaded session's data through the schema. */
export function schemaCheck<Data extends object>(
  { schema, onInvalid = "discard" }: SchemaOptions<Data>,
  onEvent: OnEvent,
): Check<Data> | undefined {
  if (schema === undefined) return undefined;
  const validate = schema?.["~standard"]?.validate;
  if (typeof validate !== "function") {
    throw misconfigured("schema must be a Standard Schema, as zod, valibot and arktype make them.");
  }
  if (onInvalid !== "discard" && onInvalid !== "throw" && typeof onInvalid !== "function") {
    throw misconfigured('onInvalid must be "discard", "throw" or a function of the data.');
  }

  const settle = (session: Session<Data>, result: StandardResult<Data>): Session<Data> => {
    if (result.issues === undefined) {
      internals.convert(session, valuesOf(result.value));
      return session;
    }
    const reason = describeIssues(result);
    if (onInvalid === "throw") {
      throw new SessionError(
        "ERR_SESSION_DATA",
        `The session's stored data does not fit the schema: ${reason}. Change the schema, or set onInvalid.`,
      );
    }
    const { data } = internals.contents(session);
    onEvent({ type: "data-refused", id: internals.state(session).id, reason });
    internals.convert(session, onInvalid === "discard" ? {} : valuesOf(onInvalid(data)));
    return session;
  };

  return (session) => {
    const { data } = internals.contents(session);
    if (Object.keys(data).length === 0) return session;
    return andThen(validate(data), (result) => settle(session, result));
  };
}

/** Whatever else a schema or a function gives: nothing of data that does not fit is to stay. */
function valuesOf(value: unknown): Values {
  return isValues(value) ? value : {};
}

function describeIssues({ issues }: { readonly issues?: StandardResult<never>["issues"] }): string {
  return (issues ?? [])
    .slice(0, 3)
    .map(({ message, path = [] }) => {
      const keys = path.map((part) => String(isValues(part) ? part.key : part));
      return keys.length === 0 ? message : `${keys.join(".")}: ${message}`;
    })
    .join("; ");
}
