import { after, before, describe } from "node:test";
import { ServerSessionStore } from "keepsake";
import { cookies, headers, testVariant, type Variant } from "./adapter-cases.ts";
import { type AdapterName, hosts } from "./serve.ts";
import { type DatabaseName, newPlace, type OpenRepository } from "./test-databases.ts";

// The suite that src/adapters/ runs over sealed cookies and memory, over each database.
const DATABASES: readonly DatabaseName[] = ["sqlite", "postgres", "valkey"];
const ADAPTERS = Object.keys(hosts) as AdapterName[];
/** One of either family: how a token travels is no concern of the database. */
const OVER_HEADERS: readonly AdapterName[] = ["express", "hono"];

for (const name of DATABASES) {
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
      // The cases share a database, and each has a clock of its own: a sweep that one begins, and that goes on beside the
      // next, would by its clock remove what the next has stored.
      // Fifty writes of one session wait for each other, and a busy machine takes its time.
      createStore: (options) =>
        new ServerSessionStore(open.repository, { ...options, sweepInterval: false, timeout: 30 }),
      remembers: true,
    };
    for (const adapter of ADAPTERS) {
      testVariant(adapter, `${name}, cookie`, { ...store, ...cookies });
    }
    for (const adapter of OVER_HEADERS) {
      testVariant(adapter, `${name}, header`, { ...store, ...headers });
    }
  });
}
