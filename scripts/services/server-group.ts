import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, realpathSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf, type User } from "../processes.ts";
import { eventually, Hopeless } from "./eventually.ts";

/**
 * Is told on its standard input which servers run, and which have ended. When that is closed, which happens when the
 * process that holds the other end closes it or ends, in whatever way, it ends those that run and removes the folder.
 */
const GUARD = `
alive() {
  kill -0 "$1" || return
  # In some containers nobody takes note of the dead.
  case $(cat "/proc/$1/stat") in *") Z "*) return 1 ;; esac
}
servers=
while read -r signal pid; do
  if [ "$signal" = ended ]; then
    others=
    for server in $servers; do
      [ "\${server#*:}" = "$pid" ] || others="$others $server"
    done
    servers=$others
  else
    servers="$servers $signal:$pid"
  fi
done
for server in $servers; do
  kill -s "\${server%:*}" "\${server#*:}"
done
tries=0
for server in $servers; do
  while alive "\${server#*:}"; do
    tries=$((tries + 1))
    if [ $tries -gt 250 ]; then
      kill -s KILL "\${server#*:}"
      break
    fi
    sleep 0.02
  done
done
rm -rf "$1"
`;

export interface ServerOptions {
  /** A word for its log in the folder of the group. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly user?: User | undefined;
  /** The signal that ends it at once, and with it what it has started and made. Default: KILL. */
  readonly endsWith?: "KILL" | "QUIT";
  /**
   * Throws until the server can be used. It is told the process id, because another server may have been faster to take
   * the port.
   */
  readonly ready: (pid: number | undefined) => Promise<unknown>;
}

export interface Server {
  /** Ends it with SIGKILL. */
  kill(): Promise<void>;
}

/** Servers with one temporary folder. They end, and it is removed, with `stop()` and with the process that opened it. */
export class ServerGroup {
  /** Others may enter it, but not list it: a server may run as another user. */
  readonly folder: string;
  readonly #guard: ChildProcess;

  /** @param parent Where to make its folder. Default: where temporary files belong. */
  static open(parent: string = tmpdir()): ServerGroup {
    if (process.platform === "win32") {
      throw new Error("Servers are not started on Windows: start them yourself, and name them.");
    }
    // The guard is there before the folder, so that no moment is left at which the folder would stay.
    const group = new ServerGroup(join(realpathSync(parent), `keepsake-services-${randomUUID()}`));
    mkdirSync(group.folder);
    chmodSync(group.folder, 0o711);
    return group;
  }

  private constructor(folder: string) {
    this.folder = folder;
    this.#guard = spawn("/bin/sh", ["-c", GUARD, "sh", folder], {
      cwd: "/",
      stdio: ["pipe", "ignore", "ignore"],
      // Control-C in a terminal ends the whole group of this process.
      detached: true,
    });
    this.#guard.unref();
    const { stdin } = this.#guard;
    // Typed as a stream, it is a socket, and would keep this process alive.
    if (stdin instanceof Socket) stdin.unref();
    stdin?.on("error", () => {});
  }

  /** Starts a server, and waits until it is ready. */
  async start({ name, program, args, user, endsWith, ready }: ServerOptions): Promise<Server> {
    const log = join(this.folder, `${name}.log`);
    const output = openSync(log, "a");
    const child = spawn(program, args, {
      cwd: this.folder,
      stdio: ["ignore", output, output],
      detached: true,
      ...user,
    });
    closeSync(output);
    child.unref();
    if (child.pid !== undefined) this.#tellGuard(`${endsWith ?? "KILL"} ${child.pid}`);
    let end: string | undefined;
    const ended = once(child, "exit").then(
      ([code, signal]) => {
        end = `has ended with ${code ?? signal}`;
        // The number may be another process's from now on.
        this.#tellGuard(`ended ${child.pid}`);
      },
      (error: unknown) => {
        end = `does not start: ${messageOf(error)}`;
      },
    );
    await eventually(`${program} is ready`, async () => {
      try {
        await ready(child.pid);
      } catch (error) {
        if (end === undefined) throw error;
        throw new Hopeless(`${program} ${end}\n${lastLines(log)}`);
      }
    });
    return {
      kill: async () => {
        child.ref();
        child.kill("SIGKILL");
        await ended;
      },
    };
  }

  #tellGuard(line: string): void {
    const { stdin } = this.#guard;
    if (stdin?.writable) stdin.write(`${line}\n`);
  }

  /** Ends the servers and removes the folder: by the guard, as when the process ends. */
  async stop(): Promise<void> {
    if (this.#guard.exitCode !== null || this.#guard.signalCode !== null) return;
    this.#guard.ref();
    const ended = once(this.#guard, "exit");
    this.#guard.stdin?.end();
    await ended;
  }
}

function lastLines(log: string): string {
  return readFileSync(log, "utf8").trimEnd().split("\n").slice(-20).join("\n");
}
