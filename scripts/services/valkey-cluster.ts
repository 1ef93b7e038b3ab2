import { eventually } from "./eventually.ts";
import { freePort } from "./ports.ts";
import { ask, info, listOf } from "./resp.ts";
import { ServerGroup } from "./server-group.ts";
import { valkeyServer } from "./valkey.ts";
import { startNode, urlOf } from "./valkey-node.ts";
import { ValkeyNodes } from "./valkey-nodes.ts";

const MASTERS = 3;
const REPLICAS = 3;
const SLOTS = 16_384;

export interface ClusterOptions {
  /** Path of the server's program. Default: Valkey's, found as for `npm test`; `await redisServer()` for Redis. */
  readonly binary?: string;
}

/** Three masters and three replicas on 127.0.0.1. */
export interface Cluster {
  /** `redis://127.0.0.1:PORT` of each node, at first the masters before the replicas. */
  readonly urls: readonly string[];
  readonly ports: readonly number[];
  /** The port of the node that is master of a key's slot, as a living node has it now. */
  masterOf(key: string): Promise<number>;
  /** Ends a node with SIGKILL. Its replica takes its place after two seconds and more. */
  kill(port: number): Promise<void>;
  /** Starts a killed node again, and waits until the cluster is whole and every replica up to date. */
  restart(port: number): Promise<void>;
  /** Ends everything and removes its files. So does the end of the process. */
  stop(): Promise<void>;
}

interface Address {
  readonly port: number;
  /** The port on which the nodes talk to each other. */
  readonly busPort: number;
}

/** Starts a cluster, and waits until it is whole and every replica is up to date. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const program = options.binary ?? (await valkeyServer());
  const group = ServerGroup.open();
  try {
    const nodes = new ValkeyNodes();
    const addresses = await Promise.all(
      Array.from({ length: MASTERS + REPLICAS }, () => addNode(nodes, group, program)),
    );
    await unite(addresses);
    await untilWhole(nodes);
    const ports = addresses.map(({ port }) => port);
    return {
      ports,
      urls: ports.map(urlOf),
      masterOf: (key) => masterOf(key, nodes),
      kill: (port) => nodes.kill(port),
      restart: async (port) => {
        await nodes.restart(port);
        await untilWhole(nodes);
      },
      stop: () => group.stop(),
    };
  } catch (error) {
    await group.stop();
    throw error;
  }
}

async function addNode(nodes: ValkeyNodes, group: ServerGroup, program: string): Promise<Address> {
  const busPort = await freePort();
  const settings = [
    ...["--cluster-enabled", "yes"],
    ...["--cluster-port", String(busPort)],
    ...["--cluster-node-timeout", "2000"],
    // A replica that waits for its first copy is no candidate for its master's place.
    ...["--repl-diskless-sync-delay", "0"],
  ];
  const port = await nodes.add((again) => startNode(group, { program, port: again }, settings));
  return { port, busPort };
}

/** The first ones share the slots; each of the others copies one of them. */
async function unite(addresses: readonly Address[]): Promise<void> {
  const masters = addresses.slice(0, MASTERS);
  const replicas = addresses.slice(MASTERS);
  for (const [index, { port }] of addresses.entries()) {
    await ask(urlOf(port), "CLUSTER", "SET-CONFIG-EPOCH", String(index + 1));
  }
  for (const [index, { port }] of masters.entries()) {
    const [first, end] = [index, index + 1].map((part) => Math.ceil((part * SLOTS) / MASTERS));
    await ask(urlOf(port), "CLUSTER", "ADDSLOTSRANGE", String(first), String(Number(end) - 1));
  }
  await introduce(addresses);
  const ids = await Promise.all(masters.map(({ port }) => ask(urlOf(port), "CLUSTER", "MYID")));
  for (const [index, { port }] of replicas.entries()) {
    await ask(urlOf(port), "CLUSTER", "REPLICATE", String(ids[index % MASTERS]));
  }
}

/** Everyone to everyone, which is faster than to wait for gossip. */
async function introduce(addresses: readonly Address[]): Promise<void> {
  for (const { port } of addresses) {
    for (const other of addresses) {
      const address = ["127.0.0.1", String(other.port), String(other.busPort)];
      if (other.port !== port) await ask(urlOf(port), "CLUSTER", "MEET", ...address);
    }
  }
  const ports = addresses.map(({ port }) => port);
  await eventually("The nodes know each other", () =>
    Promise.all(ports.map((port) => checkAcquaintances(port, ports))),
  );
}

function untilWhole(nodes: ValkeyNodes): Promise<unknown> {
  const living = nodes.living;
  return eventually("The cluster is whole", () =>
    Promise.all(
      living.map(async (port) => {
        await checkAcquaintances(port, living);
        const state = String(await ask(urlOf(port), "CLUSTER", "INFO"));
        if (!state.includes("cluster_state:ok")) throw new Error(`${port} is not ok`);
        const fields = await info(urlOf(port));
        if (fields.get("role") === "slave" && fields.get("master_link_status") !== "up") {
          throw new Error(`${port} is still copying its master`);
        }
      }),
    ),
  );
}

/** Throws unless the node holds all of these for nodes of the cluster that live. */
async function checkAcquaintances(port: number, others: readonly number[]): Promise<void> {
  const lines = String(await ask(urlOf(port), "CLUSTER", "NODES")).split("\n");
  for (const other of others) {
    const line = lines.find((candidate) => candidate.includes(`:${other}@`)) ?? "unknown";
    if (/\b(?:unknown|handshake|fail|disconnected)\b/.test(line)) {
      throw new Error(`${port} has no connection to ${other}`);
    }
  }
}

async function masterOf(key: string, nodes: ValkeyNodes): Promise<number> {
  const [alive] = nodes.living;
  if (alive === undefined) throw new Error("No node of the cluster is alive.");
  const slot = Number(await ask(urlOf(alive), "CLUSTER", "KEYSLOT", key));
  for (const range of listOf(await ask(urlOf(alive), "CLUSTER", "SLOTS"))) {
    const [first, last, master] = listOf(range);
    if (Number(first) <= slot && slot <= Number(last)) return Number(listOf(master)[1]);
  }
  throw new Error(`No node has slot ${slot}.`);
}
