import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import express from "express";
import fastify from "fastify";
import { InMemorySessionStore } from "keepsake";
import * as ofExpress from "keepsake/adapters/express";
import * as ofFastify from "keepsake/adapters/fastify";
import * as ofKoa from "keepsake/adapters/koa";
import * as ofNode from "keepsake/adapters/node";
import { formField } from "keepsake/anti-forgery";
import Koa from "koa";
import type { Listener } from "../bench/drivers/host.ts";
import { nodeHost } from "../bench/drivers/node-host.ts";

/** So few at a time that V8 seldom collects anything by itself, and so often that many find everything compiled. */
const [REQUESTS, ROUNDS] = [50, 40];
/** In bytes. What one of them makes is many times as much. */
const MOST_KEPT = 500;

setFlagsFromString("--expose-gc");
const collect: NodeJS.GCFunction = runInNewContext("gc");

const store = () => new InMemorySessionStore();

const LISTENERS: Record<string, () => Listener | Promise<Listener>> = {
  express: () =>
    express()
      .use(ofExpress.sessions(store()), ofExpress.antiForgery())
      .use(({ session }, res) => res.send(formField(session))),
  async fastify() {
    const app = fastify();
    await app.register(ofFastify.sessions(store()));
    await app.register(ofFastify.antiForgery());
    app.get("/read", ({ session }) => formField(session));
    await app.ready();
    return app.routing;
  },
  koa() {
    const app = new Koa().use(ofKoa.sessions(store())).use(ofKoa.antiForgery());
    return app
      .use((ctx) => {
        ctx.body = formField(ctx.session);
      })
      .callback();
  },
  node: () =>
    ofNode.sessions(store())(
      ofNode.antiForgery()(({ session }, res) => res.end(formField(session))),
    ),
};

for (const [name, listener] of Object.entries(LISTENERS)) {
  test(`${name}: no full collection is needed to free what a request has made`, async () => {
    const { send } = nodeHost(await listener());
    const left: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      collect({ type: "minor" });
      collect({ type: "minor" });
      const before = process.memoryUsage().heapUsed;
      for (let index = 0; index < REQUESTS; index += 1) await send("/read");
      collect({ type: "minor" });
      collect({ type: "minor" });
      left.push((process.memoryUsage().heapUsed - before) / REQUESTS);
    }
    // In some rounds code is compiled, in others V8 collects everything by itself.
    const kept = left.sort((a, b) => a - b)[ROUNDS / 4] ?? 0;
    assert.ok(kept < MOST_KEPT, `${kept} bytes a request are still there`);
  });
}
