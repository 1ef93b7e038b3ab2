import type { CaseName } from "../parts/cases.ts";
import type { CaseTimes, InProcess } from "../parts/in-process.ts";
import type { Framework, Storage, Subject } from "../subjects/subject.ts";
import { type Line, line, lowest, type Part, type Peer, part } from "./line.ts";
import type { Measurements } from "./measurements.ts";

const UNIT = "µs of processor time a request above the bare framework";
/** What a session may allocate for a stranger who has no use for it. */
const MOST_BYTES = 1024;

type Entry = readonly [Subject, CaseTimes];

/** The goals about processor time in one process. */
export function processorLines(measurements: Measurements): Line[] {
  const { inProcess, allocations } = measurements;
  return [
    untouched(inProcess, allocations),
    sealed(inProcess, "read", inProcess.floors.open.median, "open + JSON.parse + base64url"),
    sealed(
      inProcess,
      "change",
      inProcess.floors.open.median + inProcess.floors.seal.median,
      "open + JSON.parse + seal + JSON.stringify + base64url, as a change reads first",
    ),
    tampered(inProcess),
    memory(inProcess),
  ];
}

function untouched(inProcess: InProcess, allocations: Measurements["allocations"]): Line {
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

/** Held to the floor in every framework, and to each peer in the framework of the peer. */
function sealed(inProcess: InProcess, name: "read" | "change", floor: number, what: string): Line {
  const peers = peersOf(inProcess, name, ({ storage }) => storage === "cookie");
  const parts = ours(inProcess, ["cookie"]).map(([{ framework }, times]) => {
    const value = times[name].median;
    const beside = peersOf(
      inProcess,
      name,
      (subject) => subject.storage === "cookie" && subject.framework === framework,
    );
    const goal = Math.min(floor * 1.5, ...beside.map((peer) => peer.value));
    return part({
      id: `sealed-cookie-${name}-${framework}`,
      value,
      unit: UNIT,
      floor,
      peer: lowest(peers),
      goal,
      rule: `at most 1.5 × the floor (${what}), and below every peer in the same framework`,
    });
  });
  return line(`sealed-cookie-${name}`, parts);
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

/** Held to the cookie by hand in the same framework. */
function memory(inProcess: InProcess): Line {
  const parts = ours(inProcess, ["memory"]).flatMap(([{ framework }, times]) =>
    (["read", "change"] as const).map((name): Part => {
      const byHand = handWritten(inProcess, framework)?.[name].median ?? 0;
      return part({
        id: `memory-${name}-${framework}`,
        value: times[name].median,
        unit: UNIT,
        floor: byHand,
        peer: lowest(peersOf(inProcess, name, ({ storage }) => storage === "memory")),
        goal: byHand,
        rule: "below the hand-written HMAC cookie in the same framework",
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
