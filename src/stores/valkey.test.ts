import { after, describe, test } from "node:test";
import { repositorySuite } from "keepsake/testing";
import { ValkeySessionRepository } from "./valkey.ts";
import { CLIENTS, Connections, newPrefix, Probe, VALKEY_URL } from "./valkey-kit.test.ts";

const prefix = newPrefix();
const connections = new Connections();
const clients = await connections.openAll(CLIENTS, VALKEY_URL);

after(async () => {
  await new Probe().clear(prefix);
  await connections.close();
});

for (const { name, client } of clients) {
  describe(`Valkey over ${name}`, () => {
    const createRepository = () => new ValkeySessionRepository(client, { prefix });
    for (const { name, run } of repositorySuite({ createRepository })) test(name, run);
  });
}
