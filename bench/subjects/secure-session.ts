import { randomBytes } from "node:crypto";
import { fastifyHost } from "../drivers/fastify-host.ts";
import { bagOf } from "./bag.ts";
import { peers } from "./peers.ts";
import { sample } from "./sample.ts";
import { COOKIE_LACKS, type Subject } from "./subject.ts";

const KEY = randomBytes(32);

export const secureSession: Subject = {
  id: "secure-session",
  title: "@fastify/secure-session",
  kind: "peer",
  framework: "fastify",
  storage: "cookie",
  setting: "best",
  lacks: COOKIE_LACKS,
  async open() {
    const { default: plugin } = await peers.fastifySecureSession();
    return fastifyHost(
      (app) => app.register(plugin, { key: KEY, cookie: { path: "/", httpOnly: true } }),
      {
        begin(request) {
          Object.assign(bagOf(request), sample());
        },
        read: (request) => bagOf(request).count,
        change(request, count) {
          bagOf(request).count = count;
        },
      },
    );
  },
};
