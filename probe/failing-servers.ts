import { setTimeout as wait } from "node:timers/promises";
import { PostgresSessionRepository } from "keepsake/stores/postgres";
import { ValkeySessionRepository } from "keepsake/stores/valkey";
import pg from "pg";
import { startPostgres } from "../scripts/services/postgres.ts";
import { unprivilegedUser } from "../scripts/services/postgres-programs.ts";
import { info } from "../scripts/services/resp.ts";
import { type Server, ServerGroup } from "../scripts/services/server-group.ts";
import { valkeyServer } from "../scripts/services/valkey.ts";
import { startNode } from "../scripts/services/valkey-node.ts";
import { openPostgres, openValkey } from "./clients.ts";
import { newPool, newValkey, type Patient } from "./failing-patients.ts";
import { failureNamed } from "./failing-repository.ts";

/** How a server of one's own may fail: it is stopped where it stands (SIGSTOP), or killed (SIGKILL) and started again. */
export const SERVER_FAILURES = ["freezes", "is killed"] as const;

/** A server of one's own, which keeps what it has confirmed. */
interface OwnServer {
  readonly url: string;
  /** The processes that it consists of now, the first of all first. */
  pids(): Promise<number[]>;
  /** Starts it again, on the same port with the same files, after its end. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** @param open Gives the repositories on a server: for the store, and for the test. */
async function patientOn(
  name: Patient["name"],
  server: OwnServer,
  open: () => Promise<Pick<Patient, "repository" | "sound" | "close">>,
): Promise<Patient> {
  const { repository, sound, close } = await open();
  let heal: (() => unknown) | undefined;
  return {
    name,
    repository,
    sound,
    fail: async (failure) => {
      const pids = await server.pids();
      const signal = (each: NodeJS.Signals) => {
        for (const pid of pids) process.kill(pid, each);
      };
      const freezes = failureNamed(SERVER_FAILURES, failure) === "freezes";
      signal(freezes ? "SIGSTOP" : "SIGKILL");
      heal = freezes ? () => signal("SIGCONT") : () => server.restart();
    },
    heal: async () => {
      await heal?.();
      heal = undefined;
    },
    close: async () => {
      await close();
      await server.stop();
    },
  };
}

export async function openOwnPostgres(): Promise<Patient> {
  const server = await startOwnPostgres();
  return patientOn("postgres", server, async () => {
    const sound = await openPostgres(server.url);
    const soundRepository = new PostgresSessionRepository(sound.client);
    await soundRepository.setup();
    const pool = newPool(server.url);
    return {
      repository: new PostgresSessionRepository(pool),
      sound: soundRepository,
      close: async () => {
        await pool.end();
        await sound.close();
      },
    };
  });
}

async function startOwnPostgres(): Promise<OwnServer> {
  const found = await startPostgres(["installed", "embedded"]);
  const ask = async <Row extends pg.QueryResultRow>(text: string): Promise<Row[]> => {
    const client = new pg.Client({ connectionString: found.url });
    client.on("error", () => undefined);
    await client.connect();
    const { rows } = await client.query<Row>(text);
    await client.end();
    return rows;
  };
  const [row] = await ask<{ command: string }>("SELECT pg_read_file('postmaster.opts') AS command");
  const [program = ""] = row?.command.split(" ") ?? [];
  const args = Array.from(row?.command.matchAll(/"([^"]*)"/g) ?? [], ([, arg = ""]) => arg);
  const user = await unprivilegedUser();
  const group = ServerGroup.open();
  const start = (): Promise<Server> =>
    group.start({
      name: "postgres",
      program,
      args,
      user,
      endsWith: "QUIT",
      ready: () => ask("SELECT"),
    });
  return {
    url: found.url,
    pids: async () => {
      const rows = await ask<{ pid: number }>(
        `SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int AS pid
         UNION ALL SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()`,
      );
      return rows.map(({ pid }) => pid);
    },
    restart: async () => {
      // As long as the last of its processes is not gone, it does not start.
      for (let tries = 1; ; tries += 1) {
        try {
          await start();
          return;
        } catch (error) {
          if (tries === 20) throw error;
          await wait(100);
        }
      }
    },
    stop: async () => {
      await group.stop();
      await found.stop();
    },
  };
}

export async function openOwnValkey(): Promise<Patient> {
  const group = ServerGroup.open();
  const program = await valkeyServer();
  const settings = ["--appendonly", "yes", "--appendfsync", "always"];
  const node = await startNode(group, { program }, settings);
  const { url, port } = node;
  const server: OwnServer = {
    url,
    pids: async () => [Number((await info(url)).get("process_id"))],
    restart: async () => {
      await startNode(group, { program, port }, settings);
    },
    stop: () => group.stop(),
  };
  return patientOn("valkey", server, async () => {
    const sound = await openValkey(url);
    const client = await newValkey(url);
    return {
      repository: new ValkeySessionRepository(client),
      sound: new ValkeySessionRepository(sound.client),
      close: async () => {
        client.disconnect();
        await sound.close();
      },
    };
  });
}
