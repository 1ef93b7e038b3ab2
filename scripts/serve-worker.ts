// Serves a module worker on workerd, on the port of PORT (default 3000), as `wrangler dev` would:
//   node scripts/serve-worker.ts FILE
// What begins with APP_SECRET in the environment is a variable of the worker.
import { relative, resolve } from "node:path";
import { Miniflare } from "miniflare";
import { endWithChildren } from "./processes.ts";
import { ROOT } from "./runtimes.ts";
import { workerOptions } from "./workerd-modules.ts";

const [file = ""] = process.argv.slice(2);
const secrets = Object.entries(process.env).filter(([name]) => name.startsWith("APP_SECRET"));

endWithChildren();
const miniflare = new Miniflare({
  ...(await workerOptions([relative(ROOT, resolve(file))])),
  port: Number(process.env.PORT ?? 3000),
  bindings: Object.fromEntries(secrets.map(([name, value = ""]) => [name, value])),
});
const { port } = await miniflare.ready;
console.log(`listening on http://127.0.0.1:${port}`);
