import type { ServerResponse } from "node:http";
import type { SessionResponse } from "../core/exchange.ts";
import { isThenable } from "../core/promises.ts";
import { nodeResponse } from "./_node.ts";
import { giveWay } from "./_node-give-way.ts";
import { Drains, HeldTrailers, headSent, lockHead } from "./_node-held.ts";
import {
  appear,
  callDropped,
  cutOff,
  originalsOf,
  PipedSources,
  setHeaders,
} from "./_node-response.ts";

/** What happens before the first byte of a response leaves. */
export interface BeforeHeaders {
  /** Saves the session, whose headers go to `leaving`. Nothing leaves until it is done. */
  save(leaving: SessionResponse): void | Promise<void>;
  /** Answers instead of the application, whose answer is dropped, because the session could not be saved. */
  fail(error: unknown): void;
}

type Phase =
  /** The application has not begun to answer. */
  | "waiting"
  /** It has, and the save is under way. */
  | "held"
  /** The save is done: all goes through. */
  | "open"
  /** The save failed: whoever still writes here, such as a wrapper around the response, writes for nobody. */
  | "dropped";

/**
 * Holds back what an application writes until the session is saved, in the order in which it was written. The
 * application sees a response that behaves as if nothing were held: from the moment it has begun, its head counts as
 * sent; `write` asks for patience by `false` and `drain`; callbacks are called when their write is done.
 */
export function holdResponse(response: ServerResponse, { save, fail }: BeforeHeaders): void {
  const original = originalsOf(response);
  const headersBefore = response.getHeaders();
  const sources = new PipedSources(response);
  const trailers = new HeldTrailers(response);
  const drains = new Drains(response);
  let phase: Phase = "waiting";
  let ended = false;
  /** Whether the application has cut its answer off meanwhile. */
  let isCut = false;
  let owesDrain = false;
  let held: (() => unknown)[] = [];

  const open = (): void => {
    phase = "open";
    trailers.release();
  };

  const release = (): void => {
    let flushed: unknown = true;
    try {
      open();
      for (const call of held) flushed = call();
      drains.end(owesDrain && flushed !== false && !response.writableEnded);
    } catch (error) {
      // Whoever wrote what cannot be sent has gone on, so it goes where the failure of a save goes, if there is time.
      if (response.headersSent) cutOff(response);
      else drop(error, response.getHeaders());
    }
    held = [];
  };

  const drop = (error: unknown, headers = headersBefore): void => {
    phase = "dropped";
    held = [];
    trailers.discard();
    giveWay(response, { original, headers, sources, drains, ended, error, fail });
  };

  const lookBegun = (): void => {
    lockHead(response, () => phase === "held");
    appear(response, "headersSent", () => phase === "held");
    appear(response, "writableEnded", () => phase === "held" && ended);
    appear(response, "finished", () => phase === "held" && ended);
  };

  /** Saves, if that has not begun, then lets a call through: at once if nothing has to be waited for. */
  const begin = <Result>(call: () => Result, meanwhile: Result): Result => {
    if (phase === "open") return call();
    if (phase === "dropped") return meanwhile;
    held.push(call);
    if (phase === "held") return meanwhile;
    phase = "held";
    let saved: void | Promise<void>;
    try {
      saved = save(nodeResponse(response, original));
    } catch (error) {
      drop(error);
      return meanwhile;
    }
    if (isThenable(saved)) {
      // Only here, because accessors made for one response cost more than all the rest.
      lookBegun();
      saved.then(release, drop);
      return meanwhile;
    }
    held = [];
    open();
    drains.end(false);
    return call();
  };

  response.writeHead = function writeHead(status: number, ...rest: unknown[]): ServerResponse {
    if (phase === "open") {
      return Reflect.apply(original.writeHead, response, [status, ...rest]) as ServerResponse;
    }
    if (phase === "dropped") return response;
    if (phase === "held") {
      // A wrapper that finds the head unsent has Node write it, as it is.
      if (rest.length === 0 && status === response.statusCode) return response;
      throw headSent(response);
    }
    const [reason, headers] = typeof rest[0] === "string" ? rest : [undefined, rest[0] ?? rest[1]];
    response.statusCode = status;
    if (typeof reason === "string") response.statusMessage = reason;
    setHeaders(response, headers);
    const call = () => Reflect.apply(original.writeHead, response, [status]) as ServerResponse;
    return begin(call, response);
  } as ServerResponse["writeHead"];

  response.flushHeaders = function flushHeaders(): void {
    begin(() => original.flushHeaders.call(response), undefined);
  };

  response.write = function write(...args: unknown[]): boolean {
    if (phase === "dropped" || isCut) return callDropped(args, true);
    const flushed = begin(() => Reflect.apply(original.write, response, args) as boolean, false);
    if (phase !== "open") owesDrain = true;
    return flushed;
  } as ServerResponse["write"];

  response.end = function end(...args: unknown[]): ServerResponse {
    if (phase === "dropped" || isCut) return callDropped(args, response);
    ended = true;
    return begin(() => Reflect.apply(original.end, response, args) as ServerResponse, response);
  } as ServerResponse["end"];

  response.destroy = function destroy(reason?: Error): ServerResponse {
    if (phase === "dropped") return response;
    if (phase !== "held") return original.destroy.call(response, reason) as ServerResponse;
    isCut = true;
    // What was written before it has to get as far as the socket.
    held.push(() => void setImmediate(() => original.destroy.call(response, reason)));
    return response;
  } as ServerResponse["destroy"];
}
