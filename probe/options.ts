import { parseArgs } from "node:util";
import { type AdapterName, hosts } from "./serve.ts";

/** What the command line says, checked. */
export interface ProbeOptions {
  readonly adapter: AdapterName;
  readonly store: StoreName;
  readonly port: number;
  readonly secret: string;
  /** Seconds; `undefined` for the library's own default. */
  readonly idleTimeout: number | undefined;
  readonly absoluteTimeout: number | undefined;
  /** Where the clock starts, in seconds since the epoch; `undefined` for the system's time. */
  readonly now: number | undefined;
  readonly transport: "cookie" | "header";
  readonly cookiePrefix: "auto" | "none";
}

const STORES = ["cookie", "memory"] as const;
export type StoreName = (typeof STORES)[number];

export const USAGE: string = `npm run probe -- [options]

  --adapter NAME           ${Object.keys(hosts).join(", ")} (default: express)
  --store NAME             ${STORES.join(", ")} (default: cookie)
  --port PORT              default: 4100
  --secret SECRET          default: a random one
  --idle-timeout SECONDS
  --absolute-timeout SECONDS
  --now SECONDS            where the clock starts, since the epoch
  --transport NAME         cookie or header (default: cookie)
  --cookie-prefix NAME     auto or none (default: auto)`;

/** @throws for what is not an option, or not a value of one. */
export function optionsOf(args: string[], randomSecret: () => string): ProbeOptions {
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
    },
  });
  const adapters = Object.keys(hosts) as AdapterName[];
  return {
    adapter: oneOf("adapter", values.adapter, adapters),
    store: oneOf("store", values.store, STORES),
    port: numberOf("port", values.port) ?? 4100,
    secret: values.secret ?? randomSecret(),
    idleTimeout: numberOf("idle-timeout", values["idle-timeout"]),
    absoluteTimeout: numberOf("absolute-timeout", values["absolute-timeout"]),
    now: numberOf("now", values.now),
    transport: oneOf("transport", values.transport, ["cookie", "header"]),
    cookiePrefix: oneOf("cookie-prefix", values["cookie-prefix"], ["auto", "none"]),
  };
}

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
