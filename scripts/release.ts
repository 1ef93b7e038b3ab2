import { pack } from "./pack.ts";
import { endWithChildren } from "./processes.ts";
import { ROOT } from "./runtimes.ts";
import { conclude, runSteps } from "./steps.ts";
import { build } from "./tasks.ts";

endWithChildren();
const { passed, failed } = await runSteps([build]);
if (failed === 0) console.log(`Publish it with: npm publish ${await pack(ROOT)}`);
conclude({ passed, failed });
