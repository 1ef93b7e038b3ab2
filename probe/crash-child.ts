import type { AddressInfo } from "node:net";
import { ServerSessionStore, type SessionRepository } from "keepsake";
import { type PgClient, type PgQuery, PostgresSessionRepository } from "keepsake/stores/postgres";
import { SqliteSessionRepository } from "keepsake/stores/sqlite";
import { ValkeySessionRepository } from "keepsake/stores/valkey";
import type { ProbeData } from "./app.ts";
import { openPostgres, openSqlite, openValkey } from "./clients.ts";
import { host } from "./hosts/connect.ts";
import {
  DATABASES,
  type DatabaseName,
  postgresTable,
  sqliteFile,
  valkeyPrefix,
} from "./test-databases.ts";

// Serves the probe until a call to its database kills it: `crash-child.ts DATABASE PLACE NOW RENEW_AFTER AT MOMENT`,
// where MOMENT is before, during or after the call with the number AT: a statement of SQL, or a command. Says its port, and when the first call is done.

const [database, place = "", now, renewAfter, at, moment] = process.argv.slice(2);

/** What it takes to open the database is not counted. */
let isOpen = false;
let calls = 0;

/** Makes a call to the database, with death before it, after it, or while it is under way. */
function around<Answer>(call: () => Answer): Answer {
  if (isOpen) calls += 1;
  const isFatal = calls === Number(at);
  const dieIf = (isNow: boolean) => {
    if (isFatal && isNow) process.kill(process.pid, "SIGKILL");
  };
  dieIf(moment === "before");
  const answer = call();
  const done = () => {
    dieIf(true);
    if (calls === 1) console.log("called");
  };
  if (!(answer instanceof Promise)) {
    done();
    return answer;
  }
  // By then its bytes are on their way.
  setImmediate(() => dieIf(moment === "during"));
  return answer.finally(done) as Answer;
}

const open: Readonly<Record<DatabaseName, () => Promise<SessionRepository>>> = {
  sqlite: async () => {
    const { client } = await openSqlite(sqliteFile(place));
    return new SqliteSessionRepository({
      exec: (sql) => around(() => client.exec(sql)),
      prepare: (sql) => {
        const statement = client.prepare(sql);
        return {
          run: (...values) => around(() => statement.run(...values)),
          get: (...values) => around(() => statement.get(...values)),
          all: (...values) => around(() => statement.all(...values)),
        };
      },
    });
  },
  postgres: async () => {
    const { client }: { client: PgClient } = await openPostgres();
    const query = async (question: PgQuery) => client.query(question);
    return new PostgresSessionRepository(
      { query: (question: PgQuery) => around(() => query(question)) },
      { table: postgresTable(place) },
    );
  },
  valkey: async () => {
    const { client } = await openValkey();
    return new ValkeySessionRepository(
      { call: (command, args) => around(() => client.call(command, args)) },
      { prefix: valkeyPrefix(place) },
    );
  },
};

const name = DATABASES.find((each) => each === database);
if (name === undefined) throw new Error(`there is no database ${database}`);
const repository = await open[name]();
isOpen = true;
const store = new ServerSessionStore<ProbeData>(repository, {
  clock: () => Number(now),
  renewAfter: Number(renewAfter),
});
const server = host({ store }).listen(0, "127.0.0.1", () => {
  console.log((server.address() as AddressInfo).port);
});
