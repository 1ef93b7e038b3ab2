import { readFile } from "node:fs/promises";
import { posix } from "node:path";
import { ROOT } from "../runtimes.ts";
import type { Step } from "../steps.ts";
import { SERVICES, type Service, type Services, startServices } from "./index.ts";

const TITLES: Record<Service, string> = {
  postgres: "PostgreSQL",
  valkey: "Valkey",
  redis: "Redis",
};

/** A step that finds or starts servers, for the steps that follow it. */
export interface ServicesStep extends Step {
  /** What the tests are told, once the step has run. */
  readonly env: () => Readonly<Record<string, string>>;
}

export function servicesStep(services: readonly Service[] = SERVICES): ServicesStep {
  let started: Services | undefined;
  return {
    title: `Services (${services.map((service) => TITLES[service]).join(", ")})`,
    work: async () => {
      started = await startServices(services);
      for (const description of started.descriptions) console.log(`  ${description}`);
      return { passed: 1, failed: 0 };
    },
    end: async () => started?.stop(),
    env: () => started?.env ?? {},
  };
}

/**
 * The services that test files speak of, or the kits that they import. A file that needs one without a word gets one
 * from `serviceUrl`.
 */
export async function servicesFor(files: readonly string[]): Promise<Service[]> {
  const texts: string[] = [];
  // It grows while it is gone through.
  const all = new Set(files);
  for (const file of all) {
    const text = await readFile(`${ROOT}${file}`, "utf8");
    texts.push(text);
    for (const [, kit = ""] of text.matchAll(/from "(\.{1,2}\/[^"]+\.test\.ts)"/g)) {
      all.add(posix.join(posix.dirname(file), kit));
    }
  }
  return SERVICES.filter((service) => {
    const word = new RegExp(service, "i");
    return texts.some((text) => word.test(text));
  });
}
