import { misconfigured } from "../core/options.ts";
import type { RepositoryContext } from "../core/repository.ts";

/** `iovalkey` and `ioredis`, a single server, Sentinel or Cluster, and whatever else has such a `call`. */
export interface IoredisLike {
  call(command: string, args: string[]): Promise<unknown>;
  /** Needed for `wait` alone. */
  pipeline?(commands: string[][]): {
    exec(): Promise<readonly (readonly [Error | null, unknown])[] | null>;
  };
}

/** `createClient` and `createClientPool` of `redis` (node-redis). */
export interface NodeRedisLike {
  sendCommand(args: string[], options?: NodeRedisSendOptions): Promise<unknown>;
  multi(): { addCommand(args: string[]): unknown; execAsPipeline(): Promise<unknown> };
}

/** `createCluster` of `redis`. */
export interface NodeRedisClusterLike {
  readonly masters: unknown;
  sendCommand(
    firstKey: string,
    isReadonly: boolean,
    args: string[],
    options?: NodeRedisSendOptions,
  ): Promise<unknown>;
  multi(): {
    addCommand(firstKey: string, isReadonly: boolean, args: string[]): unknown;
    execAsPipeline(): Promise<unknown>;
  };
}

/** `createSentinel` of `redis`. */
export interface NodeRedisSentinelLike {
  acquire(): unknown;
  sendCommand(
    isReadonly: boolean,
    args: string[],
    options?: NodeRedisSendOptions,
  ): Promise<unknown>;
  multi(): {
    addCommand(isReadonly: boolean, args: string[]): unknown;
    execAsPipeline(): Promise<unknown>;
  };
}

/** What a client of `redis` is told with one command. */
export interface NodeRedisSendOptions {
  readonly abortSignal?: AbortSignal;
  readonly timeout?: number;
}

/** `GlideClient` of `@valkey/valkey-glide`. */
export interface GlideLike {
  customCommand(args: string[]): Promise<unknown>;
}

/** `GlideClusterClient` of `@valkey/valkey-glide`. */
export interface GlideClusterLike {
  readonly invokeScriptWithRoute: unknown;
  customCommand(
    args: string[],
    options: { readonly route: { readonly type: "primarySlotKey"; readonly key: string } },
  ): Promise<unknown>;
}

/** A client of Valkey or Redis, connected or about to be. It remains the application's: the store never closes it. */
export type ValkeyClient =
  | IoredisLike
  | NodeRedisLike
  | NodeRedisClusterLike
  | NodeRedisSentinelLike
  | GlideLike
  | GlideClusterLike;

/** A command in lower case, which is what `iovalkey` finds the keys of, and its arguments. */
export type Command = [name: string, ...args: string[]];

/** What the repository needs of a client: to send commands that concern one key to the server that is master for it. */
export interface Connection {
  send(key: string, command: Command, context: RepositoryContext): Promise<unknown>;
  /** Sends two commands over one connection, with nothing between them. Undefined where the client cannot. */
  sendBoth?: (key: string, first: Command, second: Command) => Promise<readonly unknown[]>;
}

/** @throws `ERR_SESSION_CONFIG` for what is no client, and for one that is set up so that sessions would be lost. */
export function connectionOf(owner: string, client: ValkeyClient): Connection {
  if (!isObject(client)) throw noClient(owner);
  if ("call" in client && typeof client.call === "function") return ofIoredis(owner, client);
  if ("customCommand" in client && typeof client.customCommand === "function") {
    return "invokeScriptWithRoute" in client ? ofGlideCluster(client) : ofGlide(owner, client);
  }
  if ("sendCommand" in client && typeof client.sendCommand === "function") {
    refuseKeyPrefix(owner, client);
    if ("masters" in client) return ofNodeRedisCluster(client);
    return "acquire" in client ? ofNodeRedisSentinel(client) : ofNodeRedis(client);
  }
  throw noClient(owner);
}

function noClient(owner: string) {
  return misconfigured(
    `${owner}: the first argument is no client of Valkey or Redis that is known here. Give it a client of iovalkey, ` +
      "ioredis, redis or @valkey/valkey-glide, or any object with call(command, args).",
  );
}

function ofIoredis(owner: string, client: IoredisLike): Connection {
  const { scaleReads = "master", enableAutoPipelining } = optionsOf(client);
  if (scaleReads !== "master") throw readsFromReplicas(owner, 'scaleReads: "master"');
  if (enableAutoPipelining === true && "isCluster" in client && client.isCluster === true) {
    throw misconfigured(
      `${owner}: with enableAutoPipelining, not every version of the client sends scripts to the right node of a ` +
        "cluster. Give the store a client of its own, without it.",
    );
  }
  const connection: Connection = {
    send: (_key, [name, ...args]) => client.call(name, args).catch(throwDiscreetly),
  };
  if (typeof client.pipeline !== "function") return connection;
  connection.sendBoth = async (_key, first, second) => {
    const answers = (await client.pipeline?.([first, second]).exec()) ?? [];
    for (const [error] of answers) if (error) throwDiscreetly(error);
    return answers.map(([, reply]) => reply);
  };
  return connection;
}

/** The errors of ioredis tell what was sent, which is a session's data, and errors are logged. */
function throwDiscreetly(error: unknown): never {
  if (isObject(error)) Reflect.deleteProperty(error, "command");
  throw error;
}

function ofNodeRedis(client: NodeRedisLike): Connection {
  return {
    send: (_key, command, context) => client.sendCommand(command, inTime(context)),
    sendBoth: (_key, first, second) => {
      const pipeline = client.multi();
      for (const command of [first, second]) pipeline.addCommand(command);
      return repliesOf(pipeline.execAsPipeline());
    },
  };
}

function ofNodeRedisCluster(client: NodeRedisClusterLike): Connection {
  return {
    send: (key, command, context) => client.sendCommand(key, false, command, inTime(context)),
    sendBoth: (key, first, second) => {
      const pipeline = client.multi();
      for (const command of [first, second]) pipeline.addCommand(key, false, command);
      return repliesOf(pipeline.execAsPipeline());
    },
  };
}

function ofNodeRedisSentinel(client: NodeRedisSentinelLike): Connection {
  return {
    send: (_key, command, context) => client.sendCommand(false, command, inTime(context)),
    sendBoth: (_key, first, second) => {
      const pipeline = client.multi();
      for (const command of [first, second]) pipeline.addCommand(false, command);
      return repliesOf(pipeline.execAsPipeline());
    },
  };
}

/**
 * The signal ends the wait in the client's queue. A time limit of the client's own, which it has by default, is one more
 * timer and signal for each command, and takes as long as the rest of a read does.
 */
function inTime({ signal }: RepositoryContext): NodeRedisSendOptions {
  return { abortSignal: signal, timeout: 0 };
}

async function repliesOf(answer: Promise<unknown>): Promise<readonly unknown[]> {
  const replies = await answer;
  return Array.isArray(replies) ? replies : [];
}

function ofGlide(owner: string, client: GlideLike): Connection {
  const config = "config" in client ? client.config : undefined;
  const readFrom = isObject(config) && "readFrom" in config ? config.readFrom : undefined;
  if (readFrom !== undefined && readFrom !== "primary") {
    throw readsFromReplicas(owner, 'readFrom: "primary"');
  }
  return { send: (_key, command) => client.customCommand(command) };
}

function ofGlideCluster(client: GlideClusterLike): Connection {
  return {
    send: (key, command) =>
      client.customCommand(command, { route: { type: "primarySlotKey", key } }),
  };
}

/** A replica is behind: it still has the session that has just ended, and not yet the one that has just begun. */
function readsFromReplicas(owner: string, instead: string) {
  return misconfigured(
    `${owner}: the client reads from replicas, which are behind: a session that has ended would come back. ` +
      `Give the store a client of its own, with ${instead}.`,
  );
}

/** node-redis puts it before the keys of its own methods, but not of `sendCommand`. */
function refuseKeyPrefix(owner: string, client: object): void {
  const keyPrefix = "_keyPrefix" in client ? client._keyPrefix : undefined;
  if (keyPrefix === undefined || keyPrefix === "") return;
  throw misconfigured(
    `${owner}: the client's keyPrefix would have no effect here. Make a client without it, and give the store the ` +
      "option prefix.",
  );
}

function optionsOf(client: object): { scaleReads?: unknown; enableAutoPipelining?: unknown } {
  return "options" in client && isObject(client.options) ? client.options : {};
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
