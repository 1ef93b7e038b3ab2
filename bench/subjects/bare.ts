import { expressHost } from "../drivers/express-host.ts";
import { fastifyHost } from "../drivers/fastify-host.ts";
import { fetchHost, plainHandler } from "../drivers/fetch-host.ts";
import { honoHost } from "../drivers/hono-host.ts";
import type { Host } from "../drivers/host.ts";
import { koaHost } from "../drivers/koa-host.ts";
import { FIRST_COUNT } from "./sample.ts";
import type { Actions, Framework, Subject } from "./subject.ts";

const actions: Actions<unknown> = {
  begin: () => "ok",
  read: () => FIRST_COUNT,
  change: () => undefined,
};
const nothing = () => undefined;

const HOSTS: Record<Framework, () => Host | Promise<Host>> = {
  express: () => expressHost(nothing, actions),
  fastify: () => fastifyHost(nothing, actions),
  hono: () => honoHost(nothing, actions),
  koa: () => koaHost(nothing, actions),
  fetch: () => fetchHost(plainHandler(actions, nothing)),
};

/** A framework without any session: its answers are as long as the others'. */
export async function bareHost(framework: Framework): Promise<Host> {
  return HOSTS[framework]();
}

const FRAMEWORKS: readonly Framework[] = ["express", "fastify", "hono", "fetch"];

/** Those that are served over HTTP. */
export const bareSubjects: readonly Subject[] = FRAMEWORKS.map((framework) => ({
  id: `bare-${framework}`,
  title: "no session",
  kind: "bare",
  framework,
  setting: "best",
  lacks: [],
  open: () => bareHost(framework),
}));
