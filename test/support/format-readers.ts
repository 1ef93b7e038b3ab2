import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Finished, run } from "../../scripts/processes.ts";
import { blocksOf } from "../docs/markdown.ts";
import type { Fields, Vectors } from "./format-vectors.ts";
import { ROOT, read } from "./repository.ts";

export const PAGE = "docs/format.md";

/** What a reader made of all vectors of k1, in their order. `null` is what it refused. */
export interface Answers {
  readonly tokens: readonly (Opened | null)[];
  readonly nearMisses: readonly (Opened | null)[];
  /** When each session ends. */
  readonly sessions: readonly (number | null)[];
}

export interface Opened {
  /** In hexadecimal. */
  readonly payload: string;
  readonly stale: boolean;
  /** `null` where the payload is none of a session. */
  readonly fields: Fields | null;
}

/** Runs what a reader's author would write to try it. */
const TYPESCRIPT_DRIVER = `
import { readFileSync, writeFileSync } from "node:fs";
import { openToken, readPayload, readSession } from "./reader.ts";

const [, , input, output] = process.argv;
const { tokens, nearMisses, sessions } = JSON.parse(readFileSync(input, "utf8"));
const open = (each) => {
  const opened = openToken(each.token, each);
  if (opened === undefined) return null;
  const { bytes, stale } = opened;
  const fields = readPayload(bytes) ?? null;
  return { payload: Buffer.from(bytes).toString("hex"), stale, fields };
};
const end = (each) => readSession(each.token, each, each)?.end ?? null;
const answers = { tokens: tokens.map(open), nearMisses: nearMisses.map(open), sessions: sessions.map(end) };
writeFileSync(output, JSON.stringify(answers));
`;

const PYTHON_DRIVER = `
import json, sys
from reader import open_token, read_payload, read_session

def place(v):
    return v["token"], v["secrets"], v["audience"]

def open_one(v):
    opened = open_token(*place(v), v["purpose"], v["name"])
    if opened is None:
        return None
    fields = read_payload(opened[0])
    if fields is not None:
        fields = {key: value for key, value in fields.items() if value is not None}
    return dict(payload=opened[0].hex(), stale=opened[1], fields=fields)

def end(v):
    session = read_session(*place(v), v["name"], v["now"], v["idleTimeout"], v["absoluteTimeout"], v["seen"])
    return None if session is None else session["end"]

with open(sys.argv[1], encoding="utf-8") as file:
    vectors = json.load(file)
answers = dict(tokens=[open_one(v) for v in vectors["tokens"]],
               nearMisses=[open_one(v) for v in vectors["nearMisses"]],
               sessions=[end(v) for v in vectors["sessions"]])
with open(sys.argv[2], "w", encoding="utf-8") as file:
    json.dump(answers, file)
`;

/** Runs the TypeScript reader of the page, which has libsodium with it. */
export function askTypeScript(vectors: Vectors): Promise<Answers> {
  return ask("ts", TYPESCRIPT_DRIVER, vectors, (args) => run(process.execPath, args));
}

/** Runs the Python reader of the page, with the libsodium of the system. */
export function askPython(vectors: Vectors): Promise<Answers> {
  return ask("python", PYTHON_DRIVER, vectors, (args) => run("python3", ["-B", ...args]));
}

/** Which Python and libsodium there are; `undefined` where one is missing. */
export async function findPython(): Promise<string | undefined> {
  const program =
    "import ctypes, ctypes.util, platform; sodium = ctypes.CDLL(ctypes.util.find_library('sodium')); " +
    "sodium.sodium_version_string.restype = ctypes.c_char_p; " +
    "print('Python', platform.python_version(), 'with libsodium', sodium.sodium_version_string().decode())";
  const missing: Finished = { code: 1, output: "" };
  const { code, output } = await run("python3", ["-c", program]).catch(() => missing);
  return code === 0 ? output.trim() : undefined;
}

async function ask(
  language: "ts" | "python",
  driver: string,
  vectors: Vectors,
  start: (args: readonly string[]) => Promise<Finished>,
): Promise<Answers> {
  const reader = blocksOf(PAGE, await read(PAGE)).find((block) => block.language === language);
  assert.ok(reader, `${PAGE} has no reader in ${language}`);
  // Inside the repository, where libsodium's package is found.
  await mkdir(`${ROOT}.tmp`, { recursive: true });
  const folder = await mkdtemp(`${ROOT}.tmp/format-`);
  const ending = language === "ts" ? "ts" : "py";
  const [input, output] = [join(folder, "vectors.json"), join(folder, "answers.json")];
  try {
    await writeFile(input, JSON.stringify(vectors));
    await writeFile(join(folder, `reader.${ending}`), reader.code);
    await writeFile(join(folder, `driver.${ending}`), driver);
    const ended = await start([join(folder, `driver.${ending}`), input, output]);
    assert.equal(ended.code, 0, ended.output);
    return JSON.parse(await readFile(output, "utf8"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
