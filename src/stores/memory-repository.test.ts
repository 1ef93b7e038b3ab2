import { test } from "node:test";
import { MemorySessionRepository } from "keepsake";
import { repositorySuite } from "keepsake/testing";

const cases = repositorySuite({ createRepository: () => new MemorySessionRepository() });
for (const { name, run } of cases) test(`memory: ${name}`, run);
