import { endWithChildren } from "./processes.ts";
import { conclude, runSteps } from "./steps.ts";
import { build } from "./tasks.ts";

endWithChildren();
conclude(await runSteps([build]));
