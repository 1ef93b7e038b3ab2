import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Readable } from "node:stream";

/** What happens before the first byte of a response leaves. */
export interface BeforeHeaders {
  /** Saves the session. Nothing leaves until it is done. */
  save(): void | Promise<void>;
  /** Answers instead of the application, whose answer is dropped, because the session could not be saved. */
  fail(error: unknown): void;
}

type Phase =
  /** The application has not begun to answer. */
  | "waiting"
  /** It has, and the save is under way. */
  | "held"
  /** The save failed: what the application still writes is dropped. */
  | "refused"
  /** The save is done, or failed and another answer is being given: all goes through. */
  | "open";

type Callback = (error?: Error | null) => void;

/**
 * Holds back what an application writes until the session is saved, in the order in which it was written. The
 * application sees a response that behaves as if nothing were held: `headersSent` and `writableEnded` are true once it
 * has begun and ended, `write` asks for patience by `false` and `drain`, callbacks are called when their write is done.
 */
export function holdResponse(response: ServerResponse, { save, fail }: BeforeHeaders): void {
  const original = {
    writeHead: response.writeHead,
    write: response.write,
    end: response.end,
    flushHeaders: response.flushHeaders,
  };
  const headersBefore = response.getHeaders();
  const sources = new Set<Readable>();
  response.on("pipe", (source: Readable) => sources.add(source));
  response.on("unpipe", (source: Readable) => sources.delete(source));

  let phase: Phase = "waiting";
  let held: (() => unknown)[] = [];
  let ended = false;
  let owesDrain = false;
  let failed = false;

  /** Whether what is written now is left over from an answer that is not sent. */
  const isLeftOver = () =>
    phase === "refused" || (failed && phase === "open" && response.writableEnded);

  const release = (): void => {
    phase = "open";
    const calls = held;
    held = [];
    for (const call of calls) call();
    if (owesDrain && !response.writableNeedDrain && !response.writableEnded) response.emit("drain");
  };

  const refuse = (error: unknown): void => {
    phase = "refused";
    failed = true;
    held = [];
    for (const source of sources) source.unpipe(response);
    // Once the application is done with its own answer, because it has to be told from the one that takes its place.
    setImmediate(() => {
      phase = "open";
      ended = false;
      restoreHeaders(response, headersBefore);
      fail(error);
    });
  };

  /** Saves, if that has not begun, then lets a call through: at once if nothing has to be waited for. */
  const begin = (call: () => unknown): void => {
    if (phase === "open") {
      call();
      return;
    }
    held.push(call);
    if (phase !== "waiting") return;
    phase = "held";
    try {
      const saved = save();
      if (saved === undefined) release();
      else saved.then(release, refuse);
    } catch (error) {
      refuse(error);
    }
  };

  response.writeHead = function writeHead(status: number, ...rest: unknown[]): ServerResponse {
    if (isLeftOver()) return response;
    if (phase === "open") {
      return Reflect.apply(original.writeHead, response, [status, ...rest]) as ServerResponse;
    }
    if (phase === "held") {
      // Without headers it is Node's own, for a response whose headers it finds unsent.
      if (rest.length === 0) return response;
      throw alreadySent();
    }
    const [reason, headers] = typeof rest[0] === "string" ? rest : [undefined, rest[0] ?? rest[1]];
    response.statusCode = status;
    if (typeof reason === "string") response.statusMessage = reason;
    setHeaders(response, headers);
    begin(() => Reflect.apply(original.writeHead, response, [status]));
    return response;
  } as ServerResponse["writeHead"];

  response.flushHeaders = function flushHeaders(): void {
    if (!isLeftOver()) begin(() => Reflect.apply(original.flushHeaders, response, []));
  };

  response.write = function write(...args: unknown[]): boolean {
    if (isLeftOver()) return callLater(args, true);
    let flushed = false;
    begin(() => {
      flushed = Reflect.apply(original.write, response, args) as boolean;
    });
    if (phase === "held") owesDrain = true;
    return flushed;
  } as ServerResponse["write"];

  response.end = function end(...args: unknown[]): ServerResponse {
    if (isLeftOver() || (phase === "held" && ended)) return callLater(args, response);
    ended = true;
    begin(() => Reflect.apply(original.end, response, args));
    return response;
  } as ServerResponse["end"];

  const unsent = () => phase === "held" || phase === "refused";
  appear(response, "headersSent", unsent);
  appear(response, "writableEnded", () => unsent() && ended);
  appear(response, "finished", () => unsent() && ended);
}

/** Calls the callback among the arguments of a write that is dropped, so that nobody waits for it. */
function callLater<Result>(args: readonly unknown[], result: Result): Result {
  const callback = args.find((each): each is Callback => typeof each === "function");
  if (callback !== undefined) process.nextTick(callback);
  return result;
}

function restoreHeaders(response: ServerResponse, before: OutgoingHttpHeaders): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  for (const [name, value] of Object.entries(before)) {
    if (value !== undefined) response.setHeader(name, value);
  }
  response.statusCode = 500;
  response.statusMessage = "";
}

/** Makes a property true as long as `early` is, and what it is by itself otherwise. */
function appear(
  response: ServerResponse,
  name: "headersSent" | "writableEnded" | "finished",
  early: () => boolean,
): void {
  let own = Object.getOwnPropertyDescriptor(response, name);
  for (
    let object = response;
    own === undefined && object !== null;
    object = Object.getPrototypeOf(object)
  ) {
    own = Object.getOwnPropertyDescriptor(object, name);
  }
  let value: unknown = own?.value;
  Object.defineProperty(response, name, {
    configurable: true,
    enumerable: true,
    get: () => early() || (own?.get === undefined ? value : own.get.call(response)),
    // `finished` is a plain property that Node assigns.
    set: (next: unknown) => {
      value = next;
    },
  });
}

/** As Node's own `writeHead` takes them: an object, a list of pairs, or names and values in turn. */
function setHeaders(response: ServerResponse, headers: unknown): void {
  if (typeof headers !== "object" || headers === null) return;
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) response.setHeader(name, value as string | string[]);
    }
    return;
  }
  const flat = headers.every(Array.isArray) ? headers.flat(1) : headers;
  for (let at = 0; at < flat.length; at += 2) response.removeHeader(String(flat[at]));
  for (let at = 0; at + 1 < flat.length; at += 2) {
    response.appendHeader(String(flat[at]), flat[at + 1]);
  }
}

function alreadySent(): Error {
  return Object.assign(new Error("Cannot write headers after they are sent to the client"), {
    code: "ERR_HTTP_HEADERS_SENT",
  });
}
