// What test files read, in the place of node:fs and node:fs/promises: a worker has no files.
const contents = new Map<string, string>();

/** Has files in reach. Paths are those of the repository, from its root. */
export function provideFiles(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) contents.set(`/${path}`, text);
}

export function readFileSync(file: URL): string {
  const text = contents.get(file.pathname);
  if (text === undefined) throw new Error(`No worker was given ${file.pathname}.`);
  return text;
}

export async function readFile(file: URL): Promise<string> {
  return readFileSync(file);
}
