import type { TableNames } from "./_postgres-schema.ts";

const POOLER =
  "A pooler between here and PostgreSQL does not know this prepared statement. Set namedStatements: false.";

type Help = (names: TableNames) => string;

/** What an operator has to do, by the codes of PostgreSQL (appendix A of its manual). */
const HELP: ReadonlyMap<string, Help> = new Map<string, Help>([
  ["42P01", ({ table }) => `There is no table ${table}. ${makeIt(table)}`],
  ["42703", ({ table }) => `The table ${table} is of an older version. ${makeIt(table)}`],
  ["42501", ({ table }) => `The role needs: GRANT SELECT, INSERT, UPDATE, DELETE ON ${table}.`],
  ["26000", () => POOLER],
  ["42P05", () => POOLER],
]);

function makeIt(table: string): string {
  const plain = table.replaceAll('"', "");
  return `Call setup() at the start, or run what "npx keepsake ddl postgres --table ${plain}" prints.`;
}

/** The error itself or, where it is known what to do, one that says so and has it as its cause. */
export function helpWith(error: unknown, names: TableNames): unknown {
  const help = HELP.get(codeOf(error));
  return help === undefined ? error : new Error(help(names), { cause: error });
}

export function isSerializationFailure(error: unknown): boolean {
  return codeOf(error) === "40001";
}

/** Bun's client has it where others have the number of a system error. */
function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  const codes = [Reflect.get(error, "code"), Reflect.get(error, "errno")];
  return codes.find((code) => typeof code === "string" && /^[0-9A-Z]{5}$/.test(code)) ?? "";
}
