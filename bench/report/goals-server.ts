import type { Commands } from "../parts/commands.ts";
import { CROWDED } from "../parts/crowd.ts";
import type { Http } from "../parts/http.ts";
import type { Imports } from "../parts/imports.ts";
import type { Memory } from "../parts/memory.ts";
import { SWEPT, type Sweep } from "../parts/sweep.ts";
import type { Framework, Storage } from "../subjects/subject.ts";
import { highest, type Line, line, lowest, type Part, type Peer, part } from "./line.ts";
import type { Measurements } from "./measurements.ts";

const SHARE = { memory: 0.85, cookie: 0.7, valkey: 0.65, postgres: 0.4 } as const;
const SHARE_RULE =
  "at least 0.85 in memory, 0.70 in a sealed cookie, 0.65 in Valkey, 0.40 in PostgreSQL; and 1.5 × the best peer in the " +
  "same framework with the same kind of store; in Express and Fastify";
const MEGABYTES = 2.5;

/** The goals about everything but processor time in one process. */
export function serverLines(measurements: Partial<Measurements>): Line[] {
  const { http, commands, memory, imports, growth, sweep } = measurements;
  const grown = [...(growth ? growthParts(growth) : []), ...(sweep ? sweepParts(sweep) : [])];
  return [
    ...(http ? [httpLine(http)] : []),
    ...(commands ? [commandsLine(commands)] : []),
    ...(memory ? [memoryLine(memory)] : []),
    ...(imports ? [importsLine(imports)] : []),
    ...(grown.length > 0 ? [line("growth", grown)] : []),
  ];
}

/** Held to in the frameworks that have peers with every kind of store; in each at least 1.5 times the best peer there. */
function httpLine({ shares }: Http): Line {
  const parts = [...shares].flatMap(([{ kind, framework, storage }, { read }]): Part[] => {
    if (kind !== "ours" || storage === undefined) return [];
    const best = highest(peersOf(shares, framework, storage));
    const value = read.median;
    return [
      part({
        id: `http-${storage}-${framework}`,
        value,
        unit: "of the bare framework's requests a second, when reading",
        peer: best,
        goal: SHARE[storage],
        met: value >= SHARE[storage] && value >= 1.5 * (best?.value ?? 0),
        isJudged: framework === "express" || framework === "fastify",
        rule: SHARE_RULE,
      }),
    ];
  });
  return line("http", parts);
}

function peersOf(shares: Http["shares"], framework: Framework, storage: Storage): Peer[] {
  return [...shares]
    .filter(
      ([subject]) =>
        subject.kind === "peer" && subject.framework === framework && subject.storage === storage,
    )
    .map(([{ title }, { read }]) => ({ name: title, value: read.median }));
}

function commandsLine({ perRequest, touches }: Commands): Line {
  const parts = (["valkey", "postgres"] as const).flatMap((storage): Part[] => {
    const counts = [...perRequest].filter(([subject]) => subject.storage === storage);
    const own = counts.filter(([{ kind }]) => kind === "ours").map(([, count]) => count);
    const peers = counts.filter(([{ kind, setting }]) => kind === "peer" && setting === "best");
    const unit = `commands at ${storage === "valkey" ? "Valkey" : "PostgreSQL"} for each`;
    return [
      part({
        id: `${storage}-read`,
        value: Math.max(...own.map(({ read }) => read)),
        unit,
        peer: lowest(peers.map(([{ title }, { read }]) => ({ name: title, value: read }))),
        goal: 1,
        rule: "one command a read",
      }),
      part({
        id: `${storage}-write`,
        value: Math.max(...own.map(({ read, change }) => change - read)),
        unit,
        peer: lowest(
          peers.map(([{ title }, { read, change }]) => ({ name: title, value: change - read })),
        ),
        goal: 1,
        rule: "one command a write, after the read",
      }),
      part({
        id: `${storage}-touch-busy`,
        value: touches[storage].busy,
        unit: "touches a read",
        goal: 0.1,
        rule: "at most one in ten reads of a busy session",
      }),
      part({
        id: `${storage}-touch-idle`,
        value: touches[storage].idle,
        unit: "touches a read",
        goal: 0,
        rule: "none of an idle session",
      }),
    ];
  });
  return line("commands", parts);
}

function memoryLine({ map, keepsake, ...others }: Memory): Line {
  const peer = lowest(Object.entries(others).map(([name, value]) => ({ name, value })));
  return line("memory-per-session", [
    part({
      id: "memory-per-session",
      value: keepsake,
      unit: "bytes a live session of 300 bytes",
      floor: map,
      peer,
      goal: Math.min(map * 1.2, peer?.value ?? Number.POSITIVE_INFINITY),
      rule: "at most 1.2 × a plain Map of id to JSON text, and below every peer",
    }),
  ]);
}

function importsLine({ times, sizes }: Imports): Line {
  const timeOf = (name: string): number => times[name]?.median ?? Number.NaN;
  const compare = (id: string, own: string, other: string): Part =>
    part({
      id,
      value: timeOf(own),
      unit: "ms to import",
      peer: { name: other, value: timeOf(other) },
      goal: timeOf(other),
      rule: `not above ${other}`,
    });
  const peers = Object.entries(sizes).filter(([name]) => name !== "keepsake");
  return line("import", [
    compare("import-core", "keepsake", "express-session"),
    compare(
      "import-with-store",
      "keepsake, adapter, store, pg",
      "express-session, connect-pg-simple, pg",
    ),
    part({
      id: "installed-size",
      value: (sizes.keepsake ?? Number.NaN) / 1e6,
      unit: "MB on disk, dependencies included",
      peer: lowest(peers.map(([name, bytes]) => ({ name, value: bytes / 1e6 }))),
      goal: MEGABYTES,
      rule: `under ${MEGABYTES} MB`,
    }),
  ]);
}

function growthParts(growth: Measurements["growth"]): Part[] {
  return CROWDED.flatMap((store) =>
    (["read", "change"] as const).map((name) =>
      part({
        id: `growth-${store}-${name}`,
        value: growth[store][name].median,
        unit: "× what it costs among few sessions",
        goal: 1.3,
        rule: "at most 1.3 × among many what it is among few",
      }),
    ),
  );
}

function sweepParts(sweep: Sweep): Part[] {
  return SWEPT.map((store) => {
    const { before, during } = sweep[store];
    const ratio = during.median / before.median;
    return part({
      id: `sweep-${store}`,
      value: ratio,
      unit: "× the p99 of live traffic without a sweep",
      goal: 1.2,
      met: ratio < 1.2,
      rule: "a sweep moves the p99 of live traffic by less than 20 %",
    });
  });
}
