import { parseArgs } from "node:util";
import { toBase64url } from "#base64url";
import { systemRandom } from "../core/random.ts";
import { postgresDdl } from "./postgres-ddl.ts";

const HELP = `Usage:
  keepsake secret
      Prints a new secret: 32 random bytes, in base64url.

  keepsake ddl postgres [--table NAME] [--from VERSION]
      Prints the SQL that makes the table for sessions in PostgreSQL.
      --table NAME    the table, with or without a schema (default: keepsake_sessions)
      --from VERSION  the version that is there already, which is to be brought up to date

  keepsake --help
`;

const SECRET_BYTES = 32;

/** What the command prints, and whether it was called wrongly. */
export interface Answer {
  readonly text: string;
  readonly isMistake: boolean;
}

/** Answers `keepsake`, called with these arguments. */
export function answer(args: readonly string[]): Answer {
  try {
    return { text: answerTo(args), isMistake: false };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { text: `${message}\n\n${HELP}`, isMistake: true };
  }
}

function answerTo(args: readonly string[]): string {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: "boolean", short: "h" },
      table: { type: "string" },
      from: { type: "string" },
    },
  });
  if (values.help) return HELP;
  const { table, from } = values;
  const command = positionals.join(" ");
  if (command === "ddl postgres") return postgresDdl(table, from);
  if (command === "secret" && table === undefined && from === undefined) {
    return `${toBase64url(systemRandom(SECRET_BYTES))}\n`;
  }
  throw new Error(
    command === "" ? "There is no command." : `There is no command "keepsake ${args.join(" ")}".`,
  );
}
