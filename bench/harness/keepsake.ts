import { pathToFileURL } from "node:url";
import { ROOT } from "../../scripts/runtimes.ts";

/** Where keepsake is that is measured: `bench:compare` measures another revision's, too. */
const folder = process.env.KEEPSAKE_BENCH_ROOT ?? ROOT;

function from(path: string) {
  return import(pathToFileURL(`${folder}/src/${path}.ts`).href);
}

/** Its modules, from source. */
export const keepsake: {
  core(): Promise<typeof import("../../src/index.ts")>;
  aead(): Promise<typeof import("../../src/core/aead.node.ts")>;
  random(): Promise<typeof import("../../src/core/random.ts")>;
  express(): Promise<typeof import("../../src/adapters/express.ts")>;
  fastify(): Promise<typeof import("../../src/adapters/fastify.ts")>;
  fetch(): Promise<typeof import("../../src/adapters/fetch.ts")>;
  hono(): Promise<typeof import("../../src/adapters/hono.ts")>;
  koa(): Promise<typeof import("../../src/adapters/koa.ts")>;
  postgres(): Promise<typeof import("../../src/stores/postgres.ts")>;
  sqlite(): Promise<typeof import("../../src/stores/sqlite.ts")>;
  valkey(): Promise<typeof import("../../src/stores/valkey.ts")>;
} = {
  core: () => from("index"),
  aead: () => from("core/aead.node"),
  random: () => from("core/random"),
  express: () => from("adapters/express"),
  fastify: () => from("adapters/fastify"),
  fetch: () => from("adapters/fetch"),
  hono: () => from("adapters/hono"),
  koa: () => from("adapters/koa"),
  postgres: () => from("stores/postgres"),
  sqlite: () => from("stores/sqlite"),
  valkey: () => from("stores/valkey"),
};
