import assert from "node:assert/strict";
import { lstat, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Finished, run } from "../../scripts/processes.ts";

/** An application in a folder of its own, that installs packages from a registry or a tarball. */
export class App {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<App> {
    const app = new App(await mkdtemp(join(tmpdir(), "keepsake-app-")));
    await app.write("package.json", JSON.stringify({ private: true, type: "module" }));
    return app;
  }

  async write(file: string, text: string): Promise<void> {
    await writeFile(join(this.folder, file), text);
  }

  async install(...packages: string[]): Promise<void> {
    await this.succeed("npm", [
      "install",
      "--no-audit",
      "--no-fund",
      "--prefer-offline",
      ...packages,
    ]);
  }

  /** Runs a program in the application's folder, and returns what it printed. It must succeed. */
  async succeed(program: string, args: readonly string[]): Promise<string> {
    const { code, output }: Finished = await run(program, args, { cwd: this.folder });
    assert.equal(code, 0, `${program} ${args.join(" ")} failed:\n${output}`);
    return output;
  }

  /** The bytes of everything that is installed. */
  async installedBytes(): Promise<number> {
    const entries = await readdir(join(this.folder, "node_modules"), {
      recursive: true,
      withFileTypes: true,
    });
    const sizes = entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => (await lstat(join(entry.parentPath, entry.name))).size);
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
