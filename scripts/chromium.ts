import { existsSync } from "node:fs";
import { run } from "./processes.ts";

const DEBIANS = "/usr/bin/chromium";

const INSTALLATION = [
  ["update"],
  ["install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", "chromium"],
];

/** The browser for the browser tests: the one `CHROMIUM` names, or Debian's, which is installed where it is missing. */
export async function chromium(): Promise<string> {
  const given = process.env.CHROMIUM;
  if (given !== undefined) return given;
  if (existsSync(DEBIANS)) return DEBIANS;
  console.log(`  ${DEBIANS} is missing: installing it with apt-get, once …`);
  const asRoot = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
  for (const args of INSTALLATION) {
    const [program = "", ...rest] = [...asRoot, "apt-get", ...args];
    const { code, output } = await run(program, rest, {
      env: { DEBIAN_FRONTEND: "noninteractive" },
    }).catch((error: Error) => ({ code: 1, output: error.message }));
    if (code !== 0) {
      throw new Error(
        `Chromium cannot be installed (${program} ${rest.join(" ")}):\n${output.trimEnd()}\n` +
          "Install it yourself and name it: CHROMIUM=/path/to/chromium npm test",
      );
    }
  }
  return DEBIANS;
}
