import { after, before, describe } from "node:test";
import { ServerSessionStore } from "keepsake";
import { cookies, headers, testVariant, type Variant } from "./adapter-cases.ts";
import type { AdapterName } from "./serve.ts";
import { type DatabaseName, newPlace, type OpenRepository } from "./test-databases.ts";

// The suite that src/adapters/ runs over sealed cookies and memory, over each database: on an adapter of either family.
const RUNS: readonly [DatabaseName, ...[AdapterName, "cookie" | "header"][]][] = [
  ["sqlite", ["express", "cookie"], ["hono", "cookie"]],
  ["postgres", ["express", "cookie"], ["hono", "cookie"], ["express", "header"]],
  ["valkey", ["express", "cookie"], ["hono", "cookie"]],
];

for (const [name, ...ways] of RUNS) {
  describe(`sessions in ${name}`, () => {
    const place = newPlace(name);
    let open: OpenRepository;
    before(async () => {
      open = await place.open();
    });
    after(async () => {
      await open?.close();
      await place.remove();
    });
    const store: Pick<Variant, "createStore" | "remembers"> = {
      createStore: (options) => new ServerSessionStore(open.repository, options),
      remembers: true,
    };
    for (const [adapter, transport] of ways) {
      const carrier = transport === "header" ? headers : cookies;
      testVariant(adapter, `${name}, ${transport}`, { ...store, ...carrier });
    }
  });
}
