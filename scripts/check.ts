import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pack } from "./pack.ts";
import { endWithChildren } from "./processes.ts";
import { conclude, runSteps } from "./steps.ts";
import { build, lint, publint, types, typesOfPackage } from "./tasks.ts";

endWithChildren();
const folder = await mkdtemp(join(tmpdir(), "keepsake-check-"));
try {
  const code = await runSteps([...types, lint, build]);
  const tarball = await pack(folder);
  const packed = await runSteps([publint(tarball), typesOfPackage(tarball)]);
  conclude({ passed: code.passed + packed.passed, failed: code.failed + packed.failed });
} finally {
  await rm(folder, { recursive: true, force: true });
}
