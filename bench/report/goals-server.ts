import { CROWDED } from "../parts/crowd.ts";
import type { Http } from "../parts/http.ts";
import { SWEPT } from "../parts/sweep.ts";
import type { Storage, Subject } from "../subjects/subject.ts";
import { highest, type Line, line, lowest, type Part, type Peer, part } from "./line.ts";
import type { Measurements } from "./measurements.ts";

const SHARE = { memory: 0.85, cookie: 0.7, valkey: 0.65, postgres: 0.4 } as const;
const SHARE_RULE =
  "at least 0.85 in memory, 0.70 in a sealed cookie, 0.65 in Valkey, 0.40 in PostgreSQL; and 1.5 × the best peer in the " +
  "same framework with the same kind of store";
const STORAGES = ["memory", "cookie", "valkey", "postgres"] as const;
const MEGABYTES = 2.5;

/** The goals about everything but processor time in one process. */
export function serverLines(measurements: Measurements): Line[] {
  return [
    http(measurements.http),
    commands(measurements.commands),
    memory(measurements.memory),
    imports(measurements.imports),
    growth(measurements),
  ];
}

/** The lower share of the two frameworks; and in each at least 1.5 times the best peer there with such a store. */
function http({ shares }: Http): Line {
  const parts = STORAGES.map((storage) => {
    const own = sharesOf(shares, "ours", storage);
    const peers = sharesOf(shares, "peer", storage);
    const value = Math.min(...own.map((each) => each.value));
    const isAhead = own.every((each) =>
      peers.every((peer) => peer.framework !== each.framework || each.value >= 1.5 * peer.value),
    );
    return part({
      id: `http-${storage}`,
      value,
      unit: "of the bare framework's requests a second, when reading",
      peer: highest(peers),
      goal: SHARE[storage],
      met: value >= SHARE[storage] && isAhead,
      rule: SHARE_RULE,
    });
  });
  return line("http", parts);
}

function sharesOf(
  shares: Http["shares"],
  kind: Subject["kind"],
  storage: Storage,
): (Peer & { framework: string })[] {
  return [...shares]
    .filter(([subject]) => subject.kind === kind && subject.storage === storage)
    .map(([{ title, framework }, { read }]) => ({ name: title, framework, value: read.median }));
}

function commands({ perRequest, touches }: Measurements["commands"]): Line {
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

function memory({ map, keepsake, ...others }: Measurements["memory"]): Line {
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

function imports({ times, sizes }: Measurements["imports"]): Line {
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

function growth({ growth: stores, sweep }: Measurements): Line {
  const costs = CROWDED.flatMap((store) =>
    (["read", "change"] as const).map((name) =>
      part({
        id: `growth-${store}-${name}`,
        value: stores[store][name].median,
        unit: "× what it costs among few sessions",
        goal: 1.3,
        rule: "at most 1.3 × among many what it is among few",
      }),
    ),
  );
  const sweeps = SWEPT.map((store) =>
    part({
      id: `sweep-${store}`,
      value: sweep[store].during / sweep[store].before,
      unit: "× the p99 of live traffic without a sweep",
      goal: 1.2,
      rule: "a sweep moves the p99 of live traffic by less than 20 %",
    }),
  );
  return line("growth", [...costs, ...sweeps]);
}
