import type { Difference } from "./alike-kit.ts";
import type { AdapterName } from "./serve.ts";

/** A difference that is the framework's own business. */
export interface Exemption {
  readonly why: string;
  allows(difference: Difference): boolean;
}

const poweredBy: Exemption = {
  why: "Express says who it is",
  allows: ({ what, own, plain }) =>
    what === "x-powered-by" && plain === undefined && own?.join() === "Express",
};

const lengthOfHead: Exemption = {
  why: "it says how long the body would be that HEAD leaves out",
  allows: ({ step, what, own, plain }) =>
    step.method === "HEAD" &&
    what === "content-length" &&
    plain === undefined &&
    /^\d+$/.test(own?.join() ?? ""),
};

const noLength: Exemption = {
  why: "it does not count beforehand how long a body is",
  allows: ({ what, own, plain }) =>
    what === "content-length" && own === undefined && /^\d+$/.test(plain?.join() ?? ""),
};

const chunked: Exemption = {
  why: "so its bodies come in chunks",
  allows: ({ what, own, plain }) =>
    what === "transfer-encoding" && plain === undefined && own?.join() === "chunked",
};

const oneLine: Exemption = {
  why: "the Headers of Fetch put a list into one line",
  allows: ({ what, own, plain }) =>
    what === "x-list" && own?.length === 1 && own[0] === plain?.join(", "),
};

const noLengthOfReset: Exemption = {
  why: "Koa takes 205 for a status without a body, as 204 is",
  allows: ({ step, what, own, plain }) =>
    step.path.startsWith("/status/205") &&
    what === "content-length" &&
    own === undefined &&
    plain?.join() === "0",
};

const refusesItself: Exemption = {
  why: "a request with two sessions is answered without the application's error handler",
  allows: ({ step, what, own, plain }) =>
    step.repeats !== undefined &&
    ["(body)", "content-length"].includes(what) &&
    (own?.join() === "Bad Request" || (own?.join() === "11" && plain?.join() === "28")),
};

/** What each framework adds to an answer or leaves out of it. Everything else is the same. */
export const ADDS: Readonly<Partial<Record<AdapterName, readonly Exemption[]>>> = {
  express: [poweredBy, refusesItself],
  express4: [poweredBy, refusesItself],
  connect: [refusesItself],
  koa: [lengthOfHead, noLengthOfReset, refusesItself],
  fastify: [lengthOfHead, refusesItself],
  fetch: [noLength, chunked, oneLine, lengthOfHead],
  hono: [noLength, chunked, oneLine],
  h3: [noLength, chunked, oneLine, refusesItself],
  next: [noLength, chunked, oneLine, lengthOfHead],
};
