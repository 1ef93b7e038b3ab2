import { messageOf } from "../processes.ts";
import { startPostgres } from "./postgres.ts";
import { startRedis, startValkey } from "./valkey.ts";
import type { Found } from "./ways.ts";

export type Service = "postgres" | "valkey" | "redis";

const VARIABLES = {
  postgres: "DATABASE_URL",
  valkey: "VALKEY_URL",
  redis: "REDIS_URL",
} as const satisfies Record<Service, string>;

const START: Record<Service, () => Promise<Found>> = {
  postgres: () => startPostgres(),
  valkey: () => startValkey(),
  redis: () => startRedis(),
};

export const SERVICES: readonly Service[] = ["postgres", "valkey", "redis"];

export interface Services {
  /** The servers' URLs, for tests and programs: `DATABASE_URL`, `VALKEY_URL`, `REDIS_URL`. */
  readonly env: Readonly<Record<string, string>>;
  /** A line for each server: which it is, and where it comes from. */
  readonly descriptions: readonly string[];
  /** Ends those that were started. So does the end of this process. */
  stop(): Promise<void>;
}

/** Finds or starts servers, all at once. If one cannot be had it throws, and ends the others. */
export async function startServices(services: readonly Service[] = SERVICES): Promise<Services> {
  const attempts = await Promise.allSettled(services.map((service) => START[service]()));
  const env: Record<string, string> = {};
  const found: Found[] = [];
  const failures: string[] = [];
  for (const [index, attempt] of attempts.entries()) {
    const service = services[index];
    if (service === undefined) continue;
    if (attempt.status === "rejected") {
      failures.push(messageOf(attempt.reason));
    } else {
      found.push(attempt.value);
      env[VARIABLES[service]] = attempt.value.url;
    }
  }
  const stop = async () => {
    await Promise.all(found.map((server) => server.stop()));
  };
  if (failures.length > 0) {
    await stop();
    throw new Error(failures.join("\n"));
  }
  return { env, descriptions: found.map(({ description }) => description), stop };
}

const ours = new Map<Service, Promise<Found>>();

/**
 * The URL of a server, for a test file or a program: of the one that `npm test` has found or started, or, where that is
 * not what runs it, of one found or started now, which ends with this process.
 */
export async function serviceUrl(service: Service): Promise<string> {
  const given = process.env[VARIABLES[service]];
  if (given !== undefined) return given;
  const found = ours.get(service) ?? START[service]();
  ours.set(service, found);
  return (await found).url;
}
