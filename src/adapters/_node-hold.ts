import type { ServerResponse } from "node:http";
import { giveWay } from "./_node-give-way.ts";
import { appear, callDropped, originalsOf, PipedSources, setHeaders } from "./_node-response.ts";

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
  /** The save is done: all goes through. */
  | "open"
  /** The save failed: whoever still writes here, such as a wrapper around the response, writes for nobody. */
  | "dropped";

type Listener = (...args: unknown[]) => void;

/**
 * Holds back what an application writes until the session is saved, in the order in which it was written. The
 * application sees a response that behaves as if nothing were held: `headersSent` and `writableEnded` are true once it
 * has begun and ended, `write` asks for patience by `false` and `drain`, callbacks are called when their write is done.
 */
export function holdResponse(response: ServerResponse, { save, fail }: BeforeHeaders): void {
  const original = originalsOf(response);
  const headersBefore = response.getHeaders();
  const sources = new PipedSources(response);
  let phase: Phase = "waiting";
  let ended = false;
  let owesDrain = false;
  let held: (() => unknown)[] = [];
  const drains: Listener[] = [];

  const release = (): void => {
    phase = "open";
    let flushed: unknown = true;
    try {
      for (const call of held) flushed = call();
      passDrain(flushed !== false);
    } catch (error) {
      // Whoever wrote what cannot be sent has gone on, so it goes where the failure of a save goes, if there is time.
      if (response.headersSent) {
        response.destroy();
      } else {
        phase = "dropped";
        giveWay(response, { original, headers: response.getHeaders(), sources, error, fail });
      }
    }
    held = [];
  };

  /** Whoever waits for `drain` was collected: a wrapper around the response may keep the event to itself. */
  const passDrain = (now: boolean): void => {
    const due = owesDrain && now && !response.writableEnded;
    if (due) response.emit("drain");
    for (const listener of drains) {
      const once = "listener" in listener;
      if (due) Reflect.apply(listener, response, []);
      if (!due || !once) original.on.call(response, "drain", listener);
    }
  };

  const refuse = (error: unknown): void => {
    phase = "dropped";
    held = [];
    passDrain(false);
    giveWay(response, { original, headers: headersBefore, sources, error, fail });
  };

  /** Saves, if that has not begun, then lets a call through: at once if nothing has to be waited for. */
  const begin = <Result>(call: () => Result, meanwhile: Result): Result => {
    if (phase === "open") return call();
    if (phase === "dropped") return meanwhile;
    if (phase === "held") {
      held.push(call);
      return meanwhile;
    }
    phase = "held";
    let saved: void | Promise<void>;
    try {
      saved = save();
    } catch (error) {
      refuse(error);
      return meanwhile;
    }
    if (saved === undefined) {
      phase = "open";
      passDrain(false);
      return call();
    }
    held.push(call);
    saved.then(release, refuse);
    return meanwhile;
  };

  response.writeHead = function writeHead(status: number, ...rest: unknown[]): ServerResponse {
    if (phase === "open") {
      return Reflect.apply(original.writeHead, response, [status, ...rest]) as ServerResponse;
    }
    if (phase === "dropped") return response;
    if (phase === "held") {
      // Without headers it is Node's own, for a response whose headers it finds unsent.
      if (rest.length === 0) return response;
      throw alreadySent();
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
    if (phase === "dropped") return callDropped(args, true);
    const flushed = begin(() => Reflect.apply(original.write, response, args) as boolean, false);
    if (phase === "held") owesDrain = true;
    return flushed;
  } as ServerResponse["write"];

  response.end = function end(...args: unknown[]): ServerResponse {
    if (phase === "dropped" || (phase === "held" && ended)) return callDropped(args, response);
    ended = true;
    return begin(() => Reflect.apply(original.end, response, args) as ServerResponse, response);
  } as ServerResponse["end"];

  response.on = function on(event: string, listener: Listener): ServerResponse {
    if (event !== "drain" || phase === "open" || phase === "dropped") {
      return original.on.call(response, event, listener);
    }
    drains.push(listener);
    return response;
  } as ServerResponse["on"];

  appear(response, "headersSent", () => phase === "held");
  appear(response, "writableEnded", () => phase === "held" && ended);
  appear(response, "finished", () => phase === "held" && ended);
}

function alreadySent(): Error {
  return Object.assign(new Error("Cannot write headers after they are sent to the client"), {
    code: "ERR_HTTP_HEADERS_SENT",
  });
}
