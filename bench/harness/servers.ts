import { startPostgres } from "../../scripts/services/postgres.ts";
import { startValkey } from "../../scripts/services/valkey.ts";

export interface Servers {
  /** Which they are, and where they come from. */
  readonly descriptions: readonly string[];
  stop(): Promise<void>;
}

/** A PostgreSQL and a Valkey of this run alone, so that nobody else's work is measured or counted, and nothing stays. */
export async function startServers(): Promise<Servers> {
  const [postgres, valkey] = await Promise.all([
    startPostgres(["installed", "embedded"]),
    startValkey(["installed", "downloaded"]),
  ]);
  process.env.DATABASE_URL = postgres.url;
  process.env.VALKEY_URL = valkey.url;
  return {
    descriptions: [postgres.description, valkey.description],
    stop: async () => {
      await Promise.all([postgres.stop(), valkey.stop()]);
    },
  };
}
