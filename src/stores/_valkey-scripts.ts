import { utf8 } from "../core/bytes.ts";
import { toHex } from "../core/hex.ts";
import type { Command } from "./_valkey-clients.ts";

/**
 * A script of one key. Scripts run alone on the server and either see to everything or to nothing: the first command
 * that writes is the one that the server refuses where it must, as for want of memory or replicas.
 *
 * Numbers go in and out as text, because Lua would write a large one with 14 digits.
 */
export class Script {
  readonly #source: string;
  #hash: Promise<string> | undefined;

  constructor(source: string) {
    this.#source = source;
  }

  /** Runs it by its hash and, where the server does not know that yet, or no longer, by its text. */
  async run<Reply>(
    send: (command: Command) => Promise<Reply>,
    key: string,
    args: readonly string[],
  ): Promise<Reply> {
    this.#hash ??= sha1(this.#source);
    try {
      return await send(["evalsha", await this.#hash, "1", key, ...args]);
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      return send(["eval", this.#source, "1", key, ...args]);
    }
  }
}

async function sha1(text: string): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-1", utf8(text).slice())));
}

/** GLIDE has names of its own for the errors of the server. */
function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && /\bNOSCRIPT\b|\bNoScriptError\b/.test(error.message);
}

/** now, lifetime, write, then the fields of the record and their values. */
export const CREATE: Script = new Script(`
local found = redis.call("HMGET", KEYS[1], "expiresAt", "write")
if found[2] == ARGV[3] then return "created" end
if found[1] and tonumber(found[1]) > tonumber(ARGV[1]) then return "taken" end
redis.call("HSET", KEYS[1], "write", unpack(ARGV, 3))
redis.call("PEXPIRE", KEYS[1], ARGV[2])
return "created"
`);

/**
 * now, lifetime, write, the fields of the record and their values, `data` last, and the version that is replaced.
 *
 * For want of memory a server refuses only a first command that takes some, and an expiry takes none. So what makes a
 * record no longer is written even then: whoever wants to log out can.
 */
export const UPDATE: Script = new Script(`
local found = redis.call("HMGET", KEYS[1], "expiresAt", "write", "version")
if found[2] == ARGV[3] then return "updated" end
if not found[1] or tonumber(found[1]) <= tonumber(ARGV[1]) then return "gone" end
if found[3] ~= ARGV[#ARGV] then return "conflict" end
if #ARGV[#ARGV - 1] <= redis.call("HSTRLEN", KEYS[1], "data") then
  redis.call("PEXPIRE", KEYS[1], ARGV[2])
end
redis.call("HSET", KEYS[1], "write", unpack(ARGV, 3, #ARGV - 1))
redis.call("PEXPIRE", KEYS[1], ARGV[2])
return "updated"
`);

/** now, expiresAt, and what a key lives on after its record has expired. */
export const TOUCH: Script = new Script(`
local found = redis.call("HMGET", KEYS[1], "expiresAt", "endsAt")
local now = tonumber(ARGV[1])
if not found[1] or tonumber(found[1]) <= now then return "gone" end
local later = ARGV[2]
if tonumber(later) > tonumber(found[2]) then later = found[2] end
if tonumber(later) > tonumber(found[1]) then
  local lifetime = math.ceil(tonumber(later) - now) + tonumber(ARGV[3])
  redis.call("PEXPIRE", KEYS[1], string.format("%.0f", lifetime))
  redis.call("HSET", KEYS[1], "expiresAt", later)
end
return "touched"
`);

/** now. Gives the fields that say where the record was indexed. */
export const DELETE: Script = new Script(`
local found = redis.call("HMGET", KEYS[1], "expiresAt", "endsAt", "meta")
redis.call("DEL", KEYS[1])
if not found[1] or tonumber(found[1]) <= tonumber(ARGV[1]) then return {} end
return { found[2], found[3] }
`);

/** now, lifetime, entry, endsAt, and the time before which an entry's session has ended for everybody. */
export const INDEX: Script = new Script(`
local handle = string.sub(ARGV[2], 1, string.find(ARGV[2], ":", 1, true))
for _, entry in ipairs(redis.call("ZRANGEBYSCORE", KEYS[1], "-inf", "(" .. ARGV[3])) do
  if string.sub(entry, 1, #handle) == handle then redis.call("ZREM", KEYS[1], entry) end
end
redis.call("ZADD", KEYS[1], ARGV[3], ARGV[2])
redis.call("ZREMRANGEBYSCORE", KEYS[1], "-inf", "(" .. ARGV[4])
if redis.call("PTTL", KEYS[1]) < tonumber(ARGV[1]) then
  redis.call("PEXPIRE", KEYS[1], ARGV[1])
end
return "indexed"
`);

/** How the entry begins, and its endsAt. */
export const UNINDEX: Script = new Script(`
for _, entry in ipairs(redis.call("ZRANGEBYSCORE", KEYS[1], ARGV[2], ARGV[2])) do
  if string.sub(entry, 1, #ARGV[1]) == ARGV[1] then redis.call("ZREM", KEYS[1], entry) end
end
return "removed"
`);
