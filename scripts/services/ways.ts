import { messageOf } from "../processes.ts";

/** A server for tests and for the probe, found or started. */
export interface Found {
  readonly url: string;
  /** Which server it is and where it comes from, for people to read. */
  readonly description: string;
  /** Ends it, if it was started here. */
  stop(): Promise<void>;
}

/** Finds or starts something. Undefined: there is none. It throws where there is one that cannot be used. */
export type Way<T> = () => Promise<T | undefined>;

/** What the first way leads to that leads anywhere. */
export async function firstOf<T>(
  what: string,
  ways: readonly Way<T>[],
  advice: string,
): Promise<T> {
  const problems: string[] = [];
  for (const way of ways) {
    try {
      const found = await way();
      if (found !== undefined) return found;
    } catch (error) {
      if (error instanceof NamedServerError) throw error;
      problems.push(`- ${messageOf(error)}`);
    }
  }
  throw new Error([`There is no ${what} to test with.`, ...problems, advice].join("\n"));
}

/** Somebody named a server, and it cannot be used: another in its place would surprise them. */
export class NamedServerError extends Error {
  constructor(variable: string, problem: unknown) {
    super(`${variable} names a server that cannot be used: ${messageOf(problem)}`);
  }
}

/** Whether nothing listens there. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ECONNREFUSED";
}

/** The folders in which the shell looks for programs. */
export function pathFolders(): string[] {
  return (process.env.PATH ?? "").split(":").filter((folder) => folder.startsWith("/"));
}
