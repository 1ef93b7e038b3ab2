import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { host as connect } from "./hosts/connect.ts";
import { host as express } from "./hosts/express.ts";
import { host as express4 } from "./hosts/express4.ts";
import { host as fastify } from "./hosts/fastify.ts";
import { host as fetch } from "./hosts/fetch.ts";
import { host as h3 } from "./hosts/h3.ts";
import { host as hono } from "./hosts/hono.ts";
import type { Host, HostOptions } from "./hosts/host.ts";
import { host as koa } from "./hosts/koa.ts";
import { host as next } from "./hosts/next.ts";
import { host as node } from "./hosts/node.ts";

/** Every framework that the probe can be served by. */
export const hosts = {
  fetch,
  hono,
  express,
  express4,
  connect,
  koa,
  fastify,
  h3,
  next,
  node,
} satisfies Record<string, Host>;

export type AdapterName = keyof typeof hosts;

export interface ServedProbe {
  readonly url: string;
  readonly server: Server;
  close(): Promise<void>;
}

/** Serves the probe on loopback. @param port Default: any that is free. */
export async function serveProbe(
  adapter: AdapterName,
  options: HostOptions,
  port = 0,
): Promise<ServedProbe> {
  const server = hosts[adapter](options);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
