import assert from "node:assert/strict";
import { run } from "../../scripts/processes.ts";
import type { Block } from "./markdown.ts";

/** What a reader may be told to type, besides `curl`. */
const KNOWN =
  /^(?:npm (?:install|start|test|ci)\b|npx \S|git clone \S|cd \S|(?:bun|deno) add \S|(?:node|bun|deno run|deno serve)(?: -\S+)* \S+\.(?:ts|js|mjs)$)/;

/** Ends every answer with a line break, as a prompt would. */
const CURL =
  'curl() { command curl --silent --show-error "$@"; local code=$?; echo; return $code; }';

export function isCurl({ language, code }: Block): boolean {
  return language === "sh" && commandsOf(code).some((command) => /\bcurl\b/.test(command));
}

/** Runs a block of `curl` commands against a server that took port 3000 for its own, and returns what it prints. */
export async function runCurl({ code }: Block, port: number, folder: string): Promise<string> {
  const commands = code.replace(/\b(localhost|127\.0\.0\.1):3000\b/g, `$1:${port}`);
  return bash(`${CURL}\n${commands}`, folder);
}

/** Fails on a command that the harness does not know, or that cannot work. */
export async function checkCommands(
  { code }: Block,
  scripts: Readonly<Record<string, string>>,
  folder: string,
): Promise<void> {
  for (const command of commandsOf(code)) {
    const [, script] = /^npm run ([\w:-]+)/.exec(command) ?? [];
    if (script !== undefined) {
      assert.ok(script in scripts, `package.json has no script "${script}"`);
    } else if (/^node -p /.test(command) || /^export \w+=\$\(node -p .*\)$/.test(command)) {
      await bash(command, folder);
    } else {
      assert.match(command, KNOWN, `unknown command: ${command}`);
    }
  }
}

/** One a line, or several lines joined by `\`; without comments. */
function commandsOf(code: string): string[] {
  return code
    .replace(/\\\n\s*/g, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

async function bash(script: string, folder: string): Promise<string> {
  const { code, output } = await run("bash", ["-euo", "pipefail", "-c", script], { cwd: folder });
  assert.equal(code, 0, `bash ended with ${code}:\n${script}\n${output}`);
  return output;
}
