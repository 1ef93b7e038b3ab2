import { randomBytes } from "node:crypto";
import { GlideClient, Logger } from "@valkey/valkey-glide";
import { Redis } from "ioredis";
import { Redis as Valkey } from "iovalkey";
import { createClient, createClientPool } from "redis";
import { serviceUrl } from "../../scripts/services/index.ts";
import type { SessionRecord } from "../core/repository.ts";
import type { ValkeyClient } from "./valkey.ts";

// Shared by tests of the Valkey repository; it has none of its own.

// GLIDE would log every error of the server, and some are expected.
Logger.init("off");

export const VALKEY_URL: string = await serviceUrl("valkey");

export const NOW: number = Date.UTC(2026, 0, 1);
export const HOUR: number = 60 * 60 * 1000;
export const DAY: number = 24 * HOUR;

export interface Connected {
  readonly client: ValkeyClient;
  close(): unknown;
}

export type Connect = (url: string) => Promise<Connected>;

/** The ways to connect to a single server. */
export const CLIENTS = {
  iovalkey: async (url) => ioredisLike(new Valkey(url, { maxRetriesPerRequest: 1 })),
  ioredis: async (url) => ioredisLike(new Redis(url, { maxRetriesPerRequest: 1 })),
  redis: async (url) => {
    const client = createClient({ url });
    client.on("error", () => {});
    await client.connect();
    return { client, close: () => client.destroy() };
  },
  "redis, a pool": async (url) => {
    const client = createClientPool({ url });
    client.on("error", () => {});
    await client.connect();
    return { client, close: () => client.destroy() };
  },
  GLIDE: async (url) => {
    const client = await GlideClient.createClient(glideConfig(url));
    return { client, close: () => client.close() };
  },
} satisfies Record<string, Connect>;

/** A client of the ioredis family, whose errors are seen where it is used. */
export function ioredisLike(
  client: ValkeyClient & {
    on(event: "error", listener: () => void): unknown;
    disconnect(): void;
  },
): Connected {
  client.on("error", () => {});
  return { client, close: () => client.disconnect() };
}

/** Connections that a test file closes when it ends. */
export class Connections {
  readonly #closings: (() => unknown)[] = [];

  async open(connect: Connect, url = ""): Promise<ValkeyClient> {
    const { client, close } = await connect(url);
    this.add(close);
    return client;
  }

  /** One with each of several clients. */
  openAll(connect: Readonly<Record<string, Connect>>, url = "") {
    return Promise.all(
      Object.entries(connect).map(async ([name, open]) => ({
        name,
        client: await this.open(open, url),
      })),
    );
  }

  add(close: () => unknown): void {
    this.#closings.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closings) await close();
  }
}

export function glideConfig(url: string) {
  const { hostname: host, port, username, password, protocol } = new URL(url);
  return {
    addresses: [{ host, port: Number(port || 6379) }],
    useTLS: protocol === "rediss:",
    requestTimeout: 5000,
    ...(password !== "" && { credentials: { username: username || "default", password } }),
  };
}

export const newPrefix = () => `keepsake-test-${randomBytes(6).toString("hex")}:`;

export const newHandle = () => randomBytes(16).toString("base64url");

export const at = (now: number = NOW) => ({ now, signal: new AbortController().signal });

export const after = (record: SessionRecord, now?: number) => ({ ...at(now), before: record });

export function newRecord(changes: Partial<SessionRecord> = {}): SessionRecord {
  return {
    handle: newHandle(),
    version: 1,
    subject: undefined,
    label: undefined,
    createdAt: NOW,
    authenticatedAt: undefined,
    expiresAt: NOW + DAY,
    endsAt: NOW + 30 * DAY,
    credentials: '{"current":"hash"}',
    data: '{"cart":[1]}',
    flash: "",
    ...changes,
  };
}

export const nextOf = (before: SessionRecord, changes: Partial<SessionRecord> = {}) => ({
  ...before,
  version: before.version + 1,
  ...changes,
});

/** Commands for tests to look behind the repository with. */
export class Probe {
  readonly redis: Redis;

  constructor(url: string = VALKEY_URL) {
    this.redis = new Redis(url);
  }

  async keys(prefix: string): Promise<string[]> {
    const found: string[] = [];
    for await (const keys of this.redis.scanStream({ match: `${prefix}*`, count: 1000 })) {
      found.push(...keys);
    }
    return found.sort();
  }

  /** Removes what is left of a test, and disconnects. */
  async clear(prefix: string): Promise<void> {
    const keys = await this.keys(prefix);
    if (keys.length > 0) await this.redis.del(keys);
    this.redis.disconnect();
  }
}
