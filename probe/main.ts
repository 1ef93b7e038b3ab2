import { randomBytes } from "node:crypto";
import { optionsOf, USAGE } from "./options.ts";
import { serveProbe } from "./serve.ts";
import { createStore } from "./stores.ts";

const options = (() => {
  try {
    return optionsOf(process.argv.slice(2), () => randomBytes(32).toString("base64url"));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return process.exit(2);
  }
})();

const probe = await serveProbe(options.adapter, { store: createStore(options) }, options.port);
console.log(`listening on ${probe.url}`);

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => void probe.close().then(() => process.exit(0)));
}
