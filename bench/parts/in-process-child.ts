// Measures one subject beside the bare framework: `node in-process-child.ts ID [VISITORS]`.
import { Session } from "node:inspector/promises";
import type { Host, Path } from "../drivers/host.ts";
import { inLanes, processorTime } from "../harness/lanes.ts";
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

interface Asked {
  readonly host: Host;
  readonly bare: Host;
  readonly path: Path;
  /** The cookies of the visitors. */
  readonly list: readonly (string | undefined)[];
}

async function whatIsAsked(caseName: string): Promise<Asked> {
  prepared ??= prepare();
  const { host, bare, cookies } = await prepared;
  if (!isCaseName(caseName)) throw new Error(`There is no case ${caseName}.`);
  const { path, cookie } = CASES[caseName];
  return { host, bare, path, list: cookies[cookie] };
}

async function measure(caseName: string, count: number): Promise<{ bare: number; own: number }> {
  const { host, bare, path, list } = await whatIsAsked(caseName);
  const timeOf = (whom: Host) => {
    // Neither pays for what the other has left behind. A full collection with no request under way would have V8 throw away
    // compiled code, as no server does that is in use.
    globalThis.gc?.({ type: "minor" });
    return processorTime(count, (index) => whom.send(path, list[index % list.length]));
  };
  const isFirst = Math.random() < 0.5;
  const first = await timeOf(isFirst ? host : bare);
  const second = await timeOf(isFirst ? bare : host);
  return isFirst ? { own: first, bare: second } : { own: second, bare: first };
}

/** Requests one after another, to be counted at the database. */
async function visit(caseName: string, count: number): Promise<void> {
  const { host, path, list } = await whatIsAsked(caseName);
  for (let index = 0; index < count; index += 1) await host.send(path, list[index % list.length]);
}

/** Bytes that a request allocates above the bare framework. Started with a young generation that holds them all. */
async function allocate(caseName: string, count: number): Promise<number> {
  const { host, bare, path, list } = await whatIsAsked(caseName);
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

/** The CPU profile of requests, 32 at a time, as V8's inspector gives it. */
async function profile(caseName: string, count: number): Promise<string> {
  const { host, path, list } = await whatIsAsked(caseName);
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: 100 });
  await session.post("Profiler.start");
  await inLanes(count, (index) => host.send(path, list[index % list.length]));
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();
  return JSON.stringify(profile);
}

serve({
  allocate: async (input) => ({
    bytes: await allocate(textOf(input, "case"), numberOf(input, "count")),
  }),
  profile: async (input) => [await profile(textOf(input, "case"), numberOf(input, "count"))],
  visit: async (input) => {
    await visit(textOf(input, "case"), numberOf(input, "count"));
    return {};
  },
  measure: async (input) => ({
    ...(await measure(textOf(input, "case"), numberOf(input, "count"))),
  }),
});
