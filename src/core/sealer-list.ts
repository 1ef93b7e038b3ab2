import { describe, misconfigured } from "./options.ts";
import type { Sealer } from "./sealer.ts";

/**
 * Several sealers as one: the first seals, all of them open, in order. What another than the first has opened is stale.
 * So an application moves from one format to another and logs nobody out.
 *
 * @throws `ERR_SESSION_CONFIG` for an empty list, and for anything in it that is no sealer.
 */
export function combineSealers(owner: string, sealers: Sealer | readonly Sealer[]): Sealer {
  const given: readonly unknown[] = Array.isArray(sealers) ? [...sealers] : [sealers];
  const list = given.map((each, index) =>
    checkSealer(
      owner,
      given.length === 1 ? "sealer" : `sealer ${index + 1} of ${given.length}`,
      each,
    ),
  );
  const [first, ...others] = list;
  if (first === undefined) {
    throw misconfigured(
      `${owner}: sealer is an empty list. Give at least one: the first seals, all of them open.`,
    );
  }
  if (others.length === 0) return first;
  return {
    ...(first.chunkable === undefined ? {} : { chunkable: first.chunkable }),
    seal: (bytes, context) => first.seal(bytes, context),
    open(token, context) {
      const opened = first.open(token, context);
      if (opened !== undefined) return opened;
      for (const other of others) {
        const old = other.open(token, context);
        if (old !== undefined) return { ...old, stale: true };
      }
      return undefined;
    },
  };
}

function checkSealer(owner: string, which: string, value: unknown): Sealer {
  if (isSealer(value)) return value;
  const instead = Array.isArray(value) ? "a list in a list" : describe(value);
  throw misconfigured(
    `${owner}: ${which} must have the functions seal and open, as xchachaSealer(secret) has, and is ${instead}.`,
  );
}

function isSealer(value: unknown): value is Sealer {
  return (
    typeof value === "object" &&
    value !== null &&
    "seal" in value &&
    typeof value.seal === "function" &&
    "open" in value &&
    typeof value.open === "function"
  );
}
