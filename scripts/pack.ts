import { run } from "./processes.ts";

/** Packs the built package as it would be published, and returns the path of the tarball. */
export async function pack(folder: string): Promise<string> {
  const { code, output } = await run("npm", [
    "pack",
    "--json",
    "--loglevel=error",
    "--pack-destination",
    folder,
  ]);
  if (code !== 0) throw new Error(`npm pack failed:\n${output}`);
  const packed: unknown = JSON.parse(output);
  const [first] = Array.isArray(packed) ? packed : Object.values(packed as object);
  return `${folder}/${(first as { filename: string }).filename}`;
}
