import { eventually } from "./eventually.ts";
import { ask, info, listOf } from "./resp.ts";
import { ServerGroup } from "./server-group.ts";
import { valkeyServer } from "./valkey.ts";
import { startNode, startSentinelNode, urlOf } from "./valkey-node.ts";
import { ValkeyNodes } from "./valkey-nodes.ts";

const NAME = "keepsake";
const REPLICAS = 2;
const SENTINELS = 3;

/** Sentinels speak more often, so that they find each other and notice a change sooner. In milliseconds. */
const PERIODS = ["info-period", "500", "publish-period", "200", "ask-period", "200"];

/** After a pause of the machine a sentinel does nothing for this long: half a minute, if it were not told. */
const TILT = ["tilt-period", "1000"];

export interface SentinelOptions {
  /** Path of the server's program. Default: Valkey's, found as for `npm test`; `await redisServer()` for Redis. */
  readonly binary?: string;
}

/** A master, two replicas and three sentinels on 127.0.0.1. */
export interface Sentinel {
  readonly sentinels: readonly { readonly host: string; readonly port: number }[];
  /** The name under which the sentinels know the master. */
  readonly name: string;
  /** The ports of the servers, at first the master before the replicas. */
  readonly ports: readonly number[];
  /** The port of the master, as a living sentinel has it now. */
  masterPort(): Promise<number>;
  /** Ends a server or a sentinel with SIGKILL. A replica takes the place of a master after a second and more. */
  kill(port: number): Promise<void>;
  /** Starts what was killed again, and waits until all replicas follow the master: one of old becomes a replica. */
  restart(port: number): Promise<void>;
  /** Ends everything and removes its files. So does the end of the process. */
  stop(): Promise<void>;
}

/** Starts them, and waits until every sentinel knows the replicas and the other sentinels. */
export async function startSentinel(options: SentinelOptions = {}): Promise<Sentinel> {
  const program = options.binary ?? (await valkeyServer());
  const group = ServerGroup.open();
  try {
    const servers = new ValkeyNodes();
    const ports = await addServers(servers, group, program);
    const [master = 0] = ports;
    await eventually("The replicas follow", () => checkReplicas(servers.living, master));
    const sentinels = new ValkeyNodes();
    const sentinelPorts = await addSentinels(sentinels, group, program, master);
    const settle = () => untilSettled(servers, sentinels);
    await settle();
    return {
      name: NAME,
      ports,
      sentinels: sentinelPorts.map((port) => ({ host: "127.0.0.1", port })),
      masterPort: () => masterPort(sentinels),
      kill: (port) => (sentinels.has(port) ? sentinels : servers).kill(port),
      restart: async (port) => {
        await (sentinels.has(port) ? sentinels : servers).restart(port);
        await settle();
      },
      stop: () => group.stop(),
    };
  } catch (error) {
    await group.stop();
    throw error;
  }
}

async function addServers(
  servers: ValkeyNodes,
  group: ServerGroup,
  program: string,
): Promise<number[]> {
  const settings = ["--repl-diskless-sync-delay", "0"];
  const master = await servers.add((port) => startNode(group, { program, port }, settings));
  const copying = [...settings, "--replicaof", `127.0.0.1 ${master}`];
  const replicas = Array.from({ length: REPLICAS }, () =>
    servers.add((port) => startNode(group, { program, port }, copying)),
  );
  return [master, ...(await Promise.all(replicas))];
}

function addSentinels(
  sentinels: ValkeyNodes,
  group: ServerGroup,
  program: string,
  master: number,
): Promise<number[]> {
  const settings = [
    `sentinel monitor ${NAME} 127.0.0.1 ${master} ${Math.ceil(SENTINELS / 2)}`,
    `sentinel down-after-milliseconds ${NAME} 1000`,
    `sentinel failover-timeout ${NAME} 5000`,
  ];
  const start = async (again?: number) => {
    const node = await startSentinelNode(group, { program, port: again }, settings);
    await ask(node.url, "SENTINEL", "DEBUG", ...PERIODS, ...TILT);
    return node;
  };
  return Promise.all(Array.from({ length: SENTINELS }, () => sentinels.add(start)));
}

/** The living sentinels agree on a master and know each other, and the living servers are that master and its replicas. */
function untilSettled(servers: ValkeyNodes, sentinels: ValkeyNodes): Promise<void> {
  return eventually("The sentinels agree", async () => {
    const master = await masterPort(sentinels);
    await checkReplicas(servers.living, master);
    for (const port of sentinels.living) {
      const fields = listOf(await ask(urlOf(port), "SENTINEL", "MASTER", NAME)).map(String);
      const field = (name: string) => fields[fields.indexOf(name) + 1];
      const known = [field("port"), field("flags"), field("num-other-sentinels")].join();
      if (known !== [master, "master", SENTINELS - 1].join()) throw new Error(`${port}: ${known}`);
      await checkKnownReplicas(port, servers.living, master);
    }
  });
}

async function checkKnownReplicas(
  sentinel: number,
  servers: readonly number[],
  master: number,
): Promise<void> {
  const replicas = listOf(await ask(urlOf(sentinel), "SENTINEL", "REPLICAS", NAME));
  const known = replicas.map((replica) => listOf(replica).map(String));
  for (const port of servers) {
    if (port === master) continue;
    const fields = known.find((candidate) => candidate.includes(`127.0.0.1:${port}`)) ?? [];
    const ok = fields[fields.indexOf("flags") + 1] === "slave" && fields.includes("ok");
    if (!ok) throw new Error(`${sentinel} does not know the replica ${port}`);
  }
}

async function checkReplicas(servers: readonly number[], master: number): Promise<void> {
  for (const port of servers) {
    const fields = await info(urlOf(port));
    const role = port === master ? "master" : "slave";
    if (fields.get("role") !== role) throw new Error(`${port} is no ${role} yet`);
    if (port === master) continue;
    const upToDate = fields.get("master_link_status") === "up";
    if (!upToDate || fields.get("master_port") !== String(master)) {
      throw new Error(`${port} does not follow ${master} yet`);
    }
  }
}

async function masterPort(sentinels: ValkeyNodes): Promise<number> {
  const [alive] = sentinels.living;
  if (alive === undefined) throw new Error("No sentinel is alive.");
  const address = await ask(urlOf(alive), "SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME);
  return Number(listOf(address)[1]);
}
