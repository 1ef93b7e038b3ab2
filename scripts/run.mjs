// Starts a TypeScript file of this repository: `node scripts/run.mjs TARGET.ts [arguments]`.
// It runs before anything is installed and on old versions of Node, so it uses Node's own modules alone.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, lstatSync, statSync } from "node:fs";
import { constants } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PINNED_NODE = resolve(ROOT, "node_modules/node26/bin/node");

const [target, ...rest] = process.argv.slice(2);
if (target === undefined) stop("Usage: node scripts/run.mjs TARGET.ts [arguments]");
installPackages();
start(chooseNode(), resolve(ROOT, target), rest);

function installPackages() {
  const installed = modifiedAt("node_modules/.package-lock.json");
  if (installed >= modifiedAt("package-lock.json")) return;
  // npm ci would empty the folder that it leads to, which is somebody else's.
  if (lstatSync(resolve(ROOT, "node_modules"), { throwIfNoEntry: false })?.isSymbolicLink()) return;
  const why = installed === 0 ? "Nothing is installed yet" : "package-lock.json has changed";
  console.error(`${why}: running npm ci, once …`);
  const started = Date.now();
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: ROOT,
    // Standard output belongs to the target.
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (status !== 0) stop("npm ci failed. Mend what it says above, then run the command again.");
  console.error(`Installed in ${((Date.now() - started) / 1000).toFixed(0)} s.`);
}

/** Zero where there is no such file. */
function modifiedAt(path) {
  return statSync(resolve(ROOT, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** The pinned one, so that everyone runs the same; where npm has none for the platform, the one that runs this. */
function chooseNode() {
  if (existsSync(PINNED_NODE)) return PINNED_NODE;
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const supported = (major === 22 && minor >= 18) || major === 24 || major >= 26;
  if (supported) return process.execPath;
  return stop(
    `This is Node ${process.versions.node}. Developing keepsake takes Node 26, or 22.18 and newer of the lines 22 and 24.\n` +
      "Install one from https://nodejs.org and run the command again. (On Linux x64 npm ci installs it by itself.)",
  );
}

function start(node, file, args) {
  const child = spawn(
    node,
    ["--conditions=keepsake-source", "--disable-warning=ExperimentalWarning", file, ...args],
    { stdio: "inherit" },
  );
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => child.kill(signal));
  }
  endWithNpm(child);
  child.on("error", (error) => stop(`${node} does not start: ${error.message}`));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
}

/** A signal to npm ends npm and its shell, and is not passed on: that the shell is gone is all there is to see. */
function endWithNpm(child) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const shell = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(timer);
    child.kill("SIGTERM");
  }, 100);
  child.on("exit", () => clearInterval(timer));
}

function stop(message) {
  console.error(message);
  process.exit(1);
}
