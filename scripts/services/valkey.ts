import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { messageOf, run } from "../processes.ts";
import { type DebianProgram, debianProgram } from "./debian.ts";
import { info } from "./resp.ts";
import { ServerGroup } from "./server-group.ts";
import { startNode, urlOf } from "./valkey-node.ts";
import { type Found, firstOf, isRefusal, NamedServerError, pathFolders, type Way } from "./ways.ts";

interface Kind {
  readonly name: "Valkey" | "Redis";
  /** The variable that names a running server. */
  readonly server: "VALKEY_URL" | "REDIS_URL";
  /** The variable that names the program. */
  readonly program: "KEEPSAKE_VALKEY_SERVER" | "KEEPSAKE_REDIS_SERVER";
  readonly debian: DebianProgram;
}

const VALKEY: Kind = {
  name: "Valkey",
  server: "VALKEY_URL",
  program: "KEEPSAKE_VALKEY_SERVER",
  debian: {
    program: "valkey-server",
    packages: ["valkey-server", "valkey-tools"],
    suites: { bookworm: "bookworm-backports" },
  },
};

const REDIS: Kind = {
  name: "Redis",
  server: "REDIS_URL",
  program: "KEEPSAKE_REDIS_SERVER",
  debian: { program: "redis-server", packages: ["redis-server", "redis-tools"] },
};

/**
 * Where a server may come from: `VALKEY_URL` or `REDIS_URL` names it; it is on the usual port; a new one by the program
 * on the PATH; a new one by Debian's program, downloaded.
 */
export type ValkeyWay = "named" | "running" | "installed" | "downloaded";

const ALL_WAYS: readonly ValkeyWay[] = ["named", "running", "installed", "downloaded"];

/**
 * Finds a Valkey, or starts one in a temporary folder, which is removed with it.
 *
 * @param ways The ways to try, in this order. Default: all of them.
 * @param usualPort Where a running one would be. Default: 6379.
 */
export function startValkey(
  ways: readonly ValkeyWay[] = ALL_WAYS,
  usualPort = 6379,
): Promise<Found> {
  return start(VALKEY, ways, usualPort);
}

/** The same for Redis. */
export function startRedis(
  ways: readonly ValkeyWay[] = ALL_WAYS,
  usualPort = 6379,
): Promise<Found> {
  return start(REDIS, ways, usualPort);
}

/** The path of Valkey's program, which is also its sentinel: what `KEEPSAKE_VALKEY_SERVER` names, else what is found. */
export function valkeyServer(): Promise<string> {
  return program(VALKEY);
}

/** The same for Redis, with `KEEPSAKE_REDIS_SERVER`. */
export function redisServer(): Promise<string> {
  return program(REDIS);
}

function start(kind: Kind, ways: readonly ValkeyWay[], usualPort: number): Promise<Found> {
  const all: Record<ValkeyWay, Way<Found>> = {
    named: () => named(kind),
    running: () => running(kind, usualPort),
    installed: async () => {
      const path = process.env[kind.program] ?? (await installed(kind));
      return path === undefined ? undefined : startAlone(path, path);
    },
    downloaded: async () => {
      const path = await debianProgram(kind.debian);
      if (path === undefined) return undefined;
      return startAlone(path, `Debian's package ${kind.debian.program}, not installed`);
    },
  };
  return firstOf(
    kind.name,
    ways.map((way) => all[way]),
    `${adviceFor(kind)}, or name one that runs: ${kind.server}=redis://host:port`,
  );
}

function program(kind: Kind): Promise<string> {
  return firstOf(
    `program of ${kind.name}`,
    [
      async () => process.env[kind.program],
      () => installed(kind),
      () => debianProgram(kind.debian),
    ],
    `${adviceFor(kind)}, or name its program: ${kind.program}=/path/to/${kind.debian.program}`,
  );
}

function adviceFor({ name, debian: { program } }: Kind): string {
  return `Install it (apt-get install ${program}, brew install ${name.toLowerCase()})`;
}

async function named({ server }: Kind): Promise<Found | undefined> {
  const url = process.env[server];
  if (url === undefined) return undefined;
  const version = await versionAt(url).catch((error: unknown) => {
    throw new NamedServerError(server, error);
  });
  return { url, description: `${version}, named by ${server}`, stop: async () => {} };
}

/** The usual port is the same for both kinds. */
async function running({ name }: Kind, port: number): Promise<Found | undefined> {
  const url = urlOf(port);
  try {
    const version = await versionAt(url);
    if (!version.startsWith(name)) return undefined;
    const description = `${version} on 127.0.0.1:${port}, already running`;
    return { url, description, stop: async () => {} };
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw new Error(`The server on 127.0.0.1:${port} cannot be used: ${messageOf(error)}`);
  }
}

/** A program on the PATH that is what it is named for: some systems have Valkey under the name of Redis. */
async function installed({ name, debian }: Kind): Promise<string | undefined> {
  for (const folder of pathFolders()) {
    const path = join(folder, debian.program);
    try {
      accessSync(path, constants.X_OK);
    } catch {
      continue;
    }
    const { output } = await run(path, ["--version"]);
    if (output.startsWith(name)) return path;
  }
  return undefined;
}

/** The name and the version of a server that tests can write to. */
async function versionAt(url: string): Promise<string> {
  const fields = await info(url);
  if (fields.get("role") !== "master") throw new Error("it is a replica, and takes no writes");
  if (fields.get("cluster_enabled") === "1") throw new Error("it is one node of a cluster");
  const valkey = fields.get("valkey_version");
  return valkey === undefined ? `Redis ${fields.get("redis_version")}` : `Valkey ${valkey}`;
}

async function startAlone(program: string, source: string): Promise<Found> {
  const group = ServerGroup.open();
  try {
    const { port, url } = await startNode(group, { program });
    const description = `${await versionAt(url)} on 127.0.0.1:${port}, started from ${source}`;
    return { url, description, stop: () => group.stop() };
  } catch (error) {
    await group.stop();
    throw error;
  }
}
