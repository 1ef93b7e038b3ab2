import type { CaseName } from "../parts/cases.ts";
import type { CaseTimes, InProcess } from "../parts/in-process.ts";
import type { Framework, Storage, Subject } from "../subjects/subject.ts";
import { type Line, line, lowest, type Part, type Peer, part } from "./line.ts";
import type { Measurements } from "./measurements.ts";

const UNIT = "µs of processor time a request above the bare framework";
/** What a session may allocate for a stranger who has no use for it. */
const MOST_BYTES = 1024;
/** Goals that name no framework are held to in the two with most peers. */
const JUDGED: readonly Framework[] = ["express", "fastify"];

type Entry = readonly [Subject, CaseTimes];

/** The goals about processor time in one process. */
export function processorLines({ inProcess, allocations }: Partial<Measurements>): Line[] {
  if (inProcess === undefined) return [];
  const { open, seal } = inProcess.floors;
  const change = sealedParts(
    inProcess,
    "change",
    open.median + seal.median,
    "open + JSON.parse + seal + JSON.stringify + base64url: a change reads first",
  );
  return [
    untouched(inProcess, allocations),
    line(
      "sealed-cookie-read",
      sealedParts(inProcess, "read", open.median, "open + JSON.parse + base64url"),
    ),
    line("sealed-cookie-change", [...change, ...addedByChange(inProcess, seal.median)]),
    tampered(inProcess),
    memory(inProcess),
  ];
}

function untouched(
  inProcess: InProcess,
  allocations: Measurements["allocations"] | undefined,
): Line {
  const peer = lowest(
    peersOf(inProcess, "none", (subject) => subject.id === "express-session-memory"),
  );
  const parts = ours(inProcess, ["cookie", "memory"])
    .filter(([{ framework }]) => framework === "express")
    .map(([subject, { none }]) =>
      part({
        id: `untouched-${subject.storage}`,
        value: none.median,
        unit: UNIT,
        peer,
        goal: (peer?.value ?? 0) / 10,
        rule: "at most a tenth of express-session's, in Express",
      }),
    );
  if (allocations === undefined) return line("untouched", parts);
  return line("untouched", [
    ...parts,
    part({
      id: "untouched-allocation",
      value: allocations.keepsake,
      unit: "bytes a request above the bare framework",
      peer: { name: "express-session, memory", value: allocations.expressSession },
      goal: MOST_BYTES,
      rule: "no allocation worth a profile: at most a kilobyte",
    }),
  ]);
}

/**
 * Held to the floor in the frameworks that are judged, and to each peer in the framework of the peer, wherever that is. What it
 * is beside the floor elsewhere is shown.
 */
function sealedParts(
  inProcess: InProcess,
  name: "read" | "change",
  floor: number,
  what: string,
): Part[] {
  const peer = lowest(peersOf(inProcess, name, ({ storage }) => storage === "cookie"));
  return ours(inProcess, ["cookie"]).flatMap(([{ framework }, times]) => {
    const common = { value: times[name].median, unit: UNIT, floor, peer };
    const isJudged = JUDGED.includes(framework);
    const toFloor = part({
      ...common,
      id: `sealed-cookie-${name}-${framework}`,
      goal: floor * 1.5,
      isJudged,
      rule: `at most 1.5 × the floor (${what})${isJudged ? ", in Express and Fastify" : ""}`,
    });
    const beside = lowest(
      peersOf(inProcess, name, (each) => each.storage === "cookie" && each.framework === framework),
    );
    if (beside === undefined) return [toFloor];
    const toPeers = part({
      ...common,
      id: `sealed-cookie-${name}-${framework}-peers`,
      peer: beside,
      goal: beside.value,
      rule: "below every peer in the same framework",
    });
    return [toFloor, toPeers];
  });
}

/** What a change costs more than a read: the sealing alone. */
function addedByChange(inProcess: InProcess, floor: number): Part[] {
  return ours(inProcess, ["cookie"]).map(([{ framework }, { read, change }]) =>
    part({
      id: `sealed-cookie-change-${framework}-added`,
      value: change.median - read.median,
      unit: `${UNIT}, more than to read`,
      floor,
      goal: floor * 1.5,
      isJudged: JUDGED.includes(framework),
      rule: "what it adds to a read: at most 1.5 × the floor (seal + JSON.stringify + base64url)",
    }),
  );
}

function tampered(inProcess: InProcess): Line {
  const parts = ours(inProcess, ["cookie", "memory"]).map(([{ framework, storage }, times]) =>
    part({
      id: `tampered-${storage}-${framework}`,
      value: times.tampered.median,
      unit: UNIT,
      peer: lowest(peersOf(inProcess, "tampered", (subject) => subject.storage === storage)),
      goal: times.read.median,
      rule: "cheaper than a good token",
    }),
  );
  return line("tampered", parts);
}

/** Held to the cookie by hand in the same framework, and to the peers there. */
function memory(inProcess: InProcess): Line {
  const parts = ours(inProcess, ["memory"]).flatMap(([{ framework }, times]) =>
    (["read", "change"] as const).map((name): Part => {
      const byHand = handWritten(inProcess, framework)?.[name].median;
      const isMeant = (each: Subject) => each.storage === "memory" && each.framework === framework;
      const beside = lowest(peersOf(inProcess, name, isMeant));
      return part({
        id: `memory-${name}-${framework}`,
        value: times[name].median,
        unit: UNIT,
        floor: byHand,
        peer: beside,
        goal: Math.min(
          byHand ?? Number.POSITIVE_INFINITY,
          beside?.value ?? Number.POSITIVE_INFINITY,
        ),
        isJudged: JUDGED.includes(framework),
        rule: "below the hand-written HMAC cookie and every peer in the same framework, in Express and Fastify",
      });
    }),
  );
  return line("memory", parts);
}

function handWritten({ times }: InProcess, framework: Framework): CaseTimes | undefined {
  return entries(times).find(
    ([subject]) => subject.kind === "floor" && subject.framework === framework,
  )?.[1];
}

function ours({ times }: InProcess, storages: readonly Storage[]): Entry[] {
  return entries(times).filter(
    ([{ kind, storage }]) => kind === "ours" && storage !== undefined && storages.includes(storage),
  );
}

function peersOf(
  { times }: InProcess,
  name: CaseName,
  isMeant: (subject: Subject) => boolean,
): Peer[] {
  return entries(times)
    .filter(
      ([subject]) => subject.kind === "peer" && subject.setting === "best" && isMeant(subject),
    )
    .map(([{ title }, cases]) => ({ name: title, value: cases[name].median }));
}

function entries(times: InProcess["times"]): Entry[] {
  return [...times];
}
