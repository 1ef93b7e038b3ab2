import { parseArgs } from "node:util";
import { type AdapterName, hosts } from "./serve.ts";

/** What the command line says, checked. What is `undefined` is left to the library's own default. */
export interface ProbeOptions {
  readonly adapter: AdapterName;
  readonly store: StoreName;
  readonly port: number;
  readonly secret: string | undefined;
  /** Seconds, like the other times here. */
  readonly idleTimeout: number | undefined;
  readonly absoluteTimeout: number | undefined;
  /** Where the clock starts, since the epoch; `undefined` for the system's time. */
  readonly now: number | undefined;
  readonly transport: "cookie" | "header";
  readonly cookiePrefix: "auto" | "none";
  /** Whose cookies they are; `undefined` for the library's own. */
  readonly sealer: SealerName | undefined;
  readonly renewAfter: number | undefined;
  readonly timeout: number | undefined;
  readonly encrypt: boolean;
  readonly onConflict: "last-wins" | "fail";
  readonly subjectLimit: number | undefined;
  readonly beyondLimit: "evict-oldest" | "refuse";
}

const SERVER_STORES = ["memory", "sqlite", "postgres", "valkey"] as const;
export const STORES = ["cookie", ...SERVER_STORES] as const;
export type ServerStoreName = (typeof SERVER_STORES)[number];
export type StoreName = (typeof STORES)[number];

/** What makes cookies as the sessions of these Python frameworks are. */
export const SEALERS = ["blacksheep", "starlette", "flask"] as const;
export type SealerName = (typeof SEALERS)[number];

/** The sealed cookie has nothing that these could change. */
const SERVER_OPTIONS = [
  "renew-after",
  "timeout",
  "encrypt",
  "on-conflict",
  "subject-limit",
  "beyond-limit",
] as const;

export const USAGE: string = `npm run probe -- [options]

  --adapter NAME           ${Object.keys(hosts).join(", ")} (default: express)
  --store NAME             ${STORES.join(", ")} (default: cookie)
  --port PORT              default: 4100; 0 for any that is free
  --secret SECRET          seals the cookie of the cookie store (default: a random one);
                           has the other stores put a MAC on their tokens (default: none)
  --idle-timeout SECONDS
  --absolute-timeout SECONDS
  --now SECONDS            where the clock starts, since the epoch
  --transport NAME         cookie or header (default: cookie)
  --cookie-prefix NAME     auto or none (default: auto)
  --help

For cookie:
  --sealer NAME            ${SEALERS.join(", ")}: reads and writes the cookies of that framework
                           (default: a sealed cookie that no other can read)

For ${SERVER_STORES.join(", ")}:
  --renew-after SECONDS    age at which a token is renewed (default: never)
  --timeout SECONDS        how long a load or a save may wait for the database (default: 2)
  --encrypt                encrypts data at rest
  --on-conflict NAME       last-wins or fail (default: last-wins)
  --subject-limit NUMBER   sessions that one user may have (default: any number)
  --beyond-limit NAME      evict-oldest or refuse (default: evict-oldest)

SQLITE_FILE, DATABASE_URL and VALKEY_URL name the database. Without them it is a temporary
file, or a server that is found or started as for npm test.`;

/** @throws for what is not an option, or not a value of one. */
export function optionsOf(args: string[]): ProbeOptions | "help" {
  const { values } = parseArgs({
    args,
    options: {
      adapter: { type: "string", default: "express" },
      store: { type: "string", default: "cookie" },
      port: { type: "string", default: "4100" },
      secret: { type: "string" },
      "idle-timeout": { type: "string" },
      "absolute-timeout": { type: "string" },
      now: { type: "string" },
      transport: { type: "string", default: "cookie" },
      "cookie-prefix": { type: "string", default: "auto" },
      sealer: { type: "string" },
      "renew-after": { type: "string" },
      timeout: { type: "string" },
      encrypt: { type: "boolean" },
      "on-conflict": { type: "string" },
      "subject-limit": { type: "string" },
      "beyond-limit": { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return "help";
  const adapters = Object.keys(hosts) as AdapterName[];
  const store = oneOf("store", values.store, STORES);
  const misplaced = SERVER_OPTIONS.find((name) => values[name] !== undefined);
  if (store === "cookie" && misplaced !== undefined) {
    throw new Error(`--${misplaced} takes one of the stores ${SERVER_STORES.join(", ")}.`);
  }
  if (store !== "cookie" && values.sealer !== undefined) {
    throw new Error("--sealer takes the store cookie.");
  }
  const number = (name: "idle-timeout" | "absolute-timeout" | "now" | ServerOption) =>
    numberOf(name, values[name]);
  return {
    adapter: oneOf("adapter", values.adapter, adapters),
    store,
    port: numberOf("port", values.port) ?? 4100,
    secret: values.secret,
    idleTimeout: number("idle-timeout"),
    absoluteTimeout: number("absolute-timeout"),
    now: number("now"),
    transport: oneOf("transport", values.transport, ["cookie", "header"]),
    cookiePrefix: oneOf("cookie-prefix", values["cookie-prefix"], ["auto", "none"]),
    sealer: values.sealer === undefined ? undefined : oneOf("sealer", values.sealer, SEALERS),
    renewAfter: number("renew-after"),
    timeout: number("timeout"),
    encrypt: values.encrypt ?? false,
    onConflict: oneOf("on-conflict", values["on-conflict"] ?? "last-wins", ["last-wins", "fail"]),
    subjectLimit: number("subject-limit"),
    beyondLimit: oneOf("beyond-limit", values["beyond-limit"] ?? "evict-oldest", [
      "evict-oldest",
      "refuse",
    ]),
  };
}

type ServerOption = "renew-after" | "timeout" | "subject-limit";

function oneOf<Name extends string>(option: string, value: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === value);
  if (found === undefined) throw new Error(`--${option} must be one of ${names.join(", ")}.`);
  return found;
}

function numberOf(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (value === "" || !Number.isFinite(number)) throw new Error(`--${option} must be a number.`);
  return number;
}
