import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import type { SessionResponse } from "../core/exchange.ts";
import { isThenable } from "../core/promises.ts";
import { nodeResponse } from "./_node.ts";
import { type Begun, headSent, lookBegun } from "./_node-begun.ts";
import { Drains } from "./_node-drains.ts";
import { cutOff } from "./_node-failure.ts";
import { giveWay } from "./_node-give-way.ts";
import { type HeadersBefore, headersOf, setHeaders } from "./_node-headers.ts";
import { callDropped, type Originals, originalsOf } from "./_node-methods.ts";
import { PlainState } from "./_node-plain-state.ts";

/** What happens before the first byte of a response leaves. */
export interface BeforeHeaders {
  /** Whether there is nothing to save, and nothing to add to the answer; asked once it begins. */
  closeUnused(): boolean;
  /** Saves the session, whose headers go to `leaving`. Nothing leaves until it is done. */
  save(leaving: SessionResponse): void | Promise<void>;
  /** Called in its place where the head of an answer had left before it was held back. */
  saveUnanswered(): void;
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

type Arguments = readonly unknown[];

/** A call that waits for the save. */
interface Held {
  readonly method: (...args: never[]) => unknown;
  readonly args: Arguments;
}

/**
 * What an application does with a response, held back until the session is saved. For the most part that takes no
 * waiting, so there are fields here and not closures, and nothing is prepared for a save that has to be waited for.
 */
export class HeldAnswer implements Begun {
  readonly #response: ServerResponse;
  readonly #before: BeforeHeaders;
  readonly #original: Originals;
  readonly #headersBefore: HeadersBefore;
  readonly #drains: Drains | undefined;
  #phase: Phase = "waiting";
  #ended = false;
  /** Whether the application has cut its answer off meanwhile. */
  #isCut = false;
  #owesDrain = false;
  #held: Held[] | undefined;
  /** Where a save has to be waited for. */
  #plain: PlainState | undefined;
  /** Trailers wait for the save as all else does: those of an answer that is dropped must not follow the other one. */
  #trailers: (() => unknown)[] | undefined;

  constructor(response: ServerResponse, before: BeforeHeaders, headers: HeadersBefore) {
    this.#response = response;
    this.#before = before;
    this.#headersBefore = headers;
    this.#original = originalsOf(response);
    // Otherwise the event reaches whoever listens.
    this.#drains = response.on === EventEmitter.prototype.on ? undefined : new Drains(response);
  }

  writeHead(args: Arguments): ServerResponse {
    const response = this.#response;
    const { writeHead } = this.#original;
    if (this.#phase === "waiting" && !this.#openUnused()) {
      const [status, first, second] = args as [number, unknown, unknown];
      response.statusCode = status;
      if (typeof first === "string") response.statusMessage = first;
      setHeaders(response, typeof first === "string" ? second : (first ?? second));
      const plain = [status];
      if (this.#goesThrough()) return Reflect.apply(writeHead, response, plain) as ServerResponse;
      this.#hold(writeHead, plain);
      return response;
    }
    if (this.#phase === "dropped") return response;
    if (this.#phase === "held") {
      // A wrapper that finds the head unsent has Node write it, as it is.
      if (args.length === 1 && args[0] === this.#plain?.status) return response;
      throw headSent(response);
    }
    return Reflect.apply(writeHead, response, args) as ServerResponse;
  }

  flushHeaders(): void {
    const { flushHeaders } = this.#original;
    if (this.#goesThrough()) flushHeaders.call(this.#response);
    else this.#hold(flushHeaders, []);
  }

  write(args: Arguments): boolean {
    if (this.#phase === "dropped" || this.#isCut) return callDropped(args, true);
    const { write } = this.#original;
    if (this.#goesThrough()) return Reflect.apply(write, this.#response, args) as boolean;
    this.#hold(write, args);
    this.#owesDrain = true;
    return false;
  }

  end(args: Arguments): ServerResponse {
    const response = this.#response;
    if (this.#phase === "dropped" || this.#isCut) return callDropped(args, response);
    const { end } = this.#original;
    this.#ended = true;
    if (this.#goesThrough()) return Reflect.apply(end, response, args) as ServerResponse;
    this.#hold(end, args);
    this.#plain?.end();
    return response;
  }

  destroy(reason: unknown): ServerResponse {
    const response = this.#response;
    if (this.#phase === "dropped") return response;
    const destroy = () => Reflect.apply(this.#original.destroy, response, [reason]);
    if (this.#phase !== "held") return destroy() as ServerResponse;
    this.#isCut = true;
    // What was written before it has to get as far as the socket.
    this.#hold(() => void setImmediate(destroy), []);
    return response;
  }

  /** @param method Either of the two that set them: HTTP/2 has one of its own. */
  setTrailers(method: (...args: never[]) => unknown, args: Arguments): unknown {
    const set = () => Reflect.apply(method, this.#response, args);
    if (this.#phase === "open" || this.#phase === "dropped") return set();
    this.#trailers ??= [];
    this.#trailers.push(set);
    return undefined;
  }

  addTrailers(args: Arguments): void {
    this.setTrailers(this.#original.addTrailers, args);
  }

  #openUnused(): boolean {
    if (!this.#before.closeUnused()) return false;
    this.#open();
    return true;
  }

  /** Saves, if that has not begun. Whether a call goes through at once. */
  #goesThrough(): boolean {
    if (this.#phase === "waiting" && !this.#openUnused()) this.#save();
    return this.#phase === "open";
  }

  #save(): void {
    if (this.#response.headersSent) {
      // Something else has answered while the session was being loaded, as a limit of a request's time does.
      this.#open();
      this.#before.saveUnanswered();
      return;
    }
    this.#phase = "held";
    let saved: void | Promise<void>;
    try {
      saved = this.#before.save(nodeResponse(this.#response, this.#original));
    } catch (error) {
      this.#drop(error);
      return;
    }
    if (isThenable(saved)) {
      // Only here, because it costs more than all the rest.
      this.#plain = new PlainState(this.#response);
      lookBegun(this.#response, this);
      saved.then(
        () => this.#release(),
        (error) => this.#drop(error),
      );
    } else this.#open();
  }

  get isHeld(): boolean {
    return this.#phase === "held";
  }

  /** While it is held back the head looks sent, and where the application has ended it all the rest does. */
  read(name: string, value: unknown): unknown {
    return (this.isHeld && (name === "headersSent" || this.#ended)) || value;
  }

  /** Has a call made once the save is done, if ever. */
  #hold(method: (...args: never[]) => unknown, args: Arguments): void {
    if (this.#phase === "dropped") callDropped(args, undefined);
    if (this.#phase !== "held") return;
    this.#held ??= [];
    this.#held.push({ method, args });
  }

  #open(): void {
    this.#phase = "open";
    this.#drains?.end();
    if (this.#trailers === undefined) return;
    for (const set of this.#trailers) set();
    this.#trailers = undefined;
  }

  #release(): void {
    const response = this.#response;
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#plain?.restore();
    try {
      this.#open();
      let flushed: unknown = true;
      for (const { method, args } of held) flushed = Reflect.apply(method, response, args);
      if (this.#owesDrain && flushed !== false && !response.writableEnded) this.#drain();
    } catch (error) {
      // Whoever wrote what cannot be sent has gone on, so it goes where the failure of a save goes, if there is time.
      if (response.headersSent) cutOff(response);
      else this.#drop(error, headersOf(response));
    }
  }

  #drain(): void {
    this.#response.emit("drain");
    this.#drains?.call();
  }

  #drop(error: unknown, headers = this.#headersBefore): void {
    this.#plain?.restore();
    this.#phase = "dropped";
    // Whoever waits for them would wait for ever.
    for (const { args } of this.#held ?? []) callDropped(args, undefined);
    this.#held = undefined;
    this.#trailers = undefined;
    giveWay(this.#response, {
      original: this.#original,
      headers,
      ended: this.#ended,
      error,
      drain: () => {
        this.#drains?.end();
        this.#drain();
      },
      fail: (reason) => this.#before.fail(reason),
    });
  }
}
