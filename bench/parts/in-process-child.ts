// Measures one subject beside the bare framework: `node in-process-child.ts ID [VISITORS]`.
import type { Host } from "../drivers/host.ts";
import { processorTime } from "../harness/lanes.ts";
import { numberOf, textOf } from "../harness/messages.ts";
import { serve } from "../harness/serve.ts";
import { beginSessions, checkSubject, tamper } from "../harness/visitors.ts";
import { bareHost } from "../subjects/bare.ts";
import { subjectOf } from "../subjects/index.ts";
import { CASES, isCaseName } from "./cases.ts";

/** By default enough that no cache of a handful of tokens would hold them. */
const VISITORS = Number(process.argv[3] ?? 512);

const subject = subjectOf(process.argv[2] ?? "");

interface Prepared {
  readonly host: Host;
  readonly bare: Host;
  readonly cookies: Readonly<Record<"none" | "good" | "tampered", readonly (string | undefined)[]>>;
}

let prepared: Promise<Prepared> | undefined;

async function prepare(): Promise<Prepared> {
  const host = await subject.open();
  await checkSubject(host);
  const good = await beginSessions(host, VISITORS);
  const bare = await bareHost(subject.framework);
  return { host, bare, cookies: { none: [undefined], good, tampered: good.map(tamper) } };
}

async function measure(caseName: string, count: number): Promise<{ bare: number; own: number }> {
  prepared ??= prepare();
  const { host, bare, cookies } = await prepared;
  if (!isCaseName(caseName)) throw new Error(`There is no case ${caseName}.`);
  const { path, cookie } = CASES[caseName];
  const list = cookies[cookie];
  const timeOf = (whom: Host) =>
    processorTime(count, (index) => whom.send(path, list[index % list.length]));
  globalThis.gc?.();
  const isFirst = Math.random() < 0.5;
  const first = await timeOf(isFirst ? host : bare);
  const second = await timeOf(isFirst ? bare : host);
  return isFirst ? { own: first, bare: second } : { own: second, bare: first };
}

/** Requests one after another, to be counted at the database. */
async function visit(caseName: string, count: number): Promise<void> {
  prepared ??= prepare();
  const { host, cookies } = await prepared;
  if (!isCaseName(caseName)) throw new Error(`There is no case ${caseName}.`);
  const { path, cookie } = CASES[caseName];
  const list = cookies[cookie];
  for (let index = 0; index < count; index += 1) await host.send(path, list[index % list.length]);
}

/** Bytes that a request allocates above the bare framework. Started with a young generation that holds them all. */
async function allocate(caseName: string, count: number): Promise<number> {
  prepared ??= prepare();
  const { host, bare, cookies } = await prepared;
  if (!isCaseName(caseName)) throw new Error(`There is no case ${caseName}.`);
  const { path, cookie } = CASES[caseName];
  const list = cookies[cookie];
  const bytesOf = async (whom: Host): Promise<number> => {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < count; index += 1) await whom.send(path, list[index % list.length]);
    return (process.memoryUsage().heapUsed - before) / count;
  };
  // The first ones compile.
  for (let round = 0; round < 3; round += 1) for (const whom of [host, bare]) await bytesOf(whom);
  return (await bytesOf(host)) - (await bytesOf(bare));
}

serve({
  allocate: async (input) => ({
    bytes: await allocate(textOf(input, "case"), numberOf(input, "count")),
  }),
  visit: async (input) => {
    await visit(textOf(input, "case"), numberOf(input, "count"));
    return {};
  },
  measure: async (input) => ({
    ...(await measure(textOf(input, "case"), numberOf(input, "count"))),
  }),
});
