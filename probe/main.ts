import { setTimeout as wait } from "node:timers/promises";
import { optionsOf, type ProbeOptions, USAGE } from "./options.ts";
import { type ServedProbe, serveProbe } from "./serve.ts";
import { type OpenStore, openStore } from "./stores.ts";

/** Milliseconds for a database to say goodbye, which it may be too busy for, or not be there for. */
const PATIENCE = 500;

function readOptions(): ProbeOptions {
  try {
    const options = optionsOf(process.argv.slice(2));
    if (options !== "help") return options;
    console.log(USAGE);
    process.exit(0);
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${USAGE}`);
    process.exit(2);
  }
}

async function run(options: ProbeOptions): Promise<void> {
  let open: OpenStore | undefined;
  let probe: ServedProbe | undefined;
  const end = async (code: number): Promise<never> => {
    await Promise.race([Promise.allSettled([probe?.close(), open?.close()]), wait(PATIENCE)]);
    process.exit(code);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void end(0));
  try {
    open = await openStore(options);
    probe = await serveProbe(options.adapter, { store: open.store }, options.port);
    console.log(`listening on ${probe.url}`);
  } catch (error) {
    console.error(`The probe cannot start: ${messageOf(error)}`);
    await end(1);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

await run(readOptions());
