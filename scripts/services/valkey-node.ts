import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "./ports.ts";
import { info } from "./resp.ts";
import type { ServerGroup } from "./server-group.ts";

export interface NodeOptions {
  /** The path of `valkey-server` or `redis-server`. */
  readonly program: string;
  /** Default: a free one. */
  readonly port?: number | undefined;
}

/** A Valkey, a Redis or a sentinel of theirs on 127.0.0.1. */
export interface ValkeyNode {
  readonly port: number;
  readonly url: string;
  /** Ends it with SIGKILL. */
  kill(): Promise<void>;
}

export function urlOf(port: number): string {
  return `redis://127.0.0.1:${port}`;
}

/**
 * Starts a server that keeps nothing, and waits until it answers.
 *
 * @param settings Settings as on the command line: `["--cluster-enabled", "yes"]`.
 */
export function startNode(
  group: ServerGroup,
  options: NodeOptions,
  settings: readonly string[] = [],
): Promise<ValkeyNode> {
  return start(group, options, async (port, folder) => [
    ...["--port", String(port), "--bind", "127.0.0.1", "--dir", folder],
    ...["--save", "", "--appendonly", "no", "--daemonize", "no"],
    ...settings,
  ]);
}

/**
 * Starts a sentinel, and waits until it answers. Started again on the same port, it goes on with what it knew.
 *
 * @param settings The lines of its configuration.
 */
export function startSentinelNode(
  group: ServerGroup,
  options: NodeOptions,
  settings: readonly string[],
): Promise<ValkeyNode> {
  return start(group, options, async (port, folder) => {
    const file = join(folder, "sentinel.conf");
    const lines = [`port ${port}`, "bind 127.0.0.1", `dir ${folder}`, ...settings];
    if (!existsSync(file)) await writeFile(file, `${lines.join("\n")}\n`);
    return [file, "--sentinel"];
  });
}

/** The arguments of a node on a port, whose files are in a folder. */
type Arguments = (port: number, folder: string) => Promise<readonly string[]>;

async function start(
  group: ServerGroup,
  { program, port }: NodeOptions,
  args: Arguments,
): Promise<ValkeyNode> {
  if (port !== undefined) return startOn(port, group, program, args);
  try {
    return await startOn(await freePort(), group, program, args);
  } catch {
    // Another process may have taken the port since it was found to be free.
    return startOn(await freePort(), group, program, args);
  }
}

async function startOn(
  port: number,
  group: ServerGroup,
  program: string,
  args: Arguments,
): Promise<ValkeyNode> {
  const folder = join(group.folder, String(port));
  await mkdir(folder, { recursive: true });
  const url = urlOf(port);
  const { kill } = await group.start({
    name: String(port),
    program,
    args: await args(port, folder),
    ready: async (pid) => {
      if ((await info(url)).get("process_id") !== String(pid)) throw new Error("it is another");
    },
  });
  return { port, url, kill };
}
