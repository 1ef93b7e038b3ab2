// Measures what no session library can do without: `node floor-child.ts`.
import { Buffer } from "node:buffer";
import { keepsake } from "../harness/keepsake.ts";
import { inLanes, processorTime } from "../harness/lanes.ts";
import { numberOf, textOf } from "../harness/messages.ts";
import { serve } from "../harness/serve.ts";
import { openPostgres, openValkey } from "../subjects/databases.ts";
import { sample } from "../subjects/sample.ts";

const TOKENS = 512;
const NONCE_BYTES = 24;
/** As long as what keepsake binds a token to: version, key id, purpose and cookie name. */
const associated = new Uint8Array(50);

const { xchacha } = await keepsake.aead();
const { systemRandom } = await keepsake.random();
const aead = xchacha(systemRandom(32));

function seal(count: number): string {
  const text = JSON.stringify({ ...sample(), count });
  const nonce = systemRandom(NONCE_BYTES);
  const sealed = aead.encrypt(nonce, associated, Buffer.from(text));
  return Buffer.concat([nonce, sealed]).toString("base64url");
}

function open(token: string): unknown {
  const body = Buffer.from(token, "base64url");
  const nonce = body.subarray(0, NONCE_BYTES);
  const bytes = aead.decrypt(nonce, associated, body.subarray(NONCE_BYTES));
  if (bytes === undefined) throw new Error("a token does not open");
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
}

const tokens = Array.from({ length: TOKENS }, (_, index) => seal(index));
const tokenAt = (index: number): string => tokens[index % TOKENS] ?? "";

const values = sample();

/** The same data as JSON text, but for one count; `values` is made once. */
async function valkeyTrip() {
  const { client } = await openValkey();
  const text = JSON.stringify(values);
  await inLanes(TOKENS, (index) => client.set(`floor:${index}`, text));
  return (index: number) => client.get(`floor:${index % TOKENS}`);
}

async function postgresTrip() {
  const { client } = await openPostgres();
  await client.query("CREATE TABLE IF NOT EXISTS floor (id text PRIMARY KEY, data text NOT NULL)");
  const text = JSON.stringify(values);
  await inLanes(TOKENS, (index) =>
    client.query("INSERT INTO floor VALUES ($1, $2) ON CONFLICT DO NOTHING", [String(index), text]),
  );
  const query = { name: "floor", text: "SELECT data FROM floor WHERE id = $1" };
  return (index: number) => client.query({ ...query, values: [String(index % TOKENS)] });
}

const trips: Record<string, () => Promise<(index: number) => Promise<unknown>>> = {
  valkey: valkeyTrip,
  postgres: postgresTrip,
};
const opened = new Map<string, Promise<(index: number) => Promise<unknown>>>();

const local: Record<string, (index: number) => unknown> = {
  open: (index) => open(tokenAt(index)),
  seal,
};

async function measure(what: string, count: number): Promise<number> {
  const act = local[what];
  if (act !== undefined) return synchronously(count, act);
  const trip = opened.get(what) ?? trips[what]?.();
  if (trip === undefined) throw new Error(`There is no floor ${what}.`);
  opened.set(what, trip);
  return processorTime(count, await trip);
}

function synchronously(count: number, act: (index: number) => unknown): number {
  const before = process.cpuUsage();
  for (let index = 0; index < count; index += 1) act(index);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

serve({
  measure: async (input) => ({
    own: await measure(textOf(input, "case"), numberOf(input, "count")),
    bare: 0,
  }),
});
