import type { ServerResponse } from "node:http";

/** The methods of a response as they are before they are replaced. */
export type Originals = Pick<
  ServerResponse,
  | "writeHead"
  | "write"
  | "end"
  | "flushHeaders"
  | "setHeader"
  | "removeHeader"
  | "addTrailers"
  | "destroy"
>;

export function originalsOf(response: ServerResponse): Originals {
  return {
    writeHead: response.writeHead,
    write: response.write,
    end: response.end,
    flushHeaders: response.flushHeaders,
    setHeader: response.setHeader,
    removeHeader: response.removeHeader,
    addTrailers: response.addTrailers,
    destroy: response.destroy,
  };
}

/** Replaces a method, if the response has it, by what `around` makes of the one before. */
export function wrap(
  response: ServerResponse,
  name: string,
  around: (call: (args: readonly unknown[]) => unknown, args: readonly unknown[]) => unknown,
): void {
  const method: unknown = Reflect.get(response, name);
  if (typeof method !== "function") return;
  const call = (args: readonly unknown[]): unknown => Reflect.apply(method, response, args);
  Reflect.set(response, name, (...args: unknown[]) => around(call, args));
}

/** Calls the callback among the arguments of a write that is dropped, so that nobody waits for it. */
export function callDropped<Result>(args: readonly unknown[], result: Result): Result {
  const callback = callbackOf(args);
  if (callback !== undefined) process.nextTick(callback);
  return result;
}

export function callbackOf(args: readonly unknown[]): (() => void) | undefined {
  return args.find((each): each is () => void => typeof each === "function");
}
