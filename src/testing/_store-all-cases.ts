import type { RepositoryCase } from "./_repository-scene.ts";
import { endCases } from "./_store-end-cases.ts";
import { failureCases } from "./_store-failure-cases.ts";
import { loginCases } from "./_store-login-cases.ts";
import { renewalCases } from "./_store-renewal-cases.ts";
import { secrecyCases } from "./_store-secrecy-cases.ts";
import { strangerCases } from "./_store-stranger-cases.ts";
import { subjectCases } from "./_store-subject-cases.ts";
import { timeCases } from "./_store-time-cases.ts";
import { updateCases } from "./_store-update-cases.ts";

/** What a ServerSessionStore holds over the repository under test. */
export const storeCases: readonly RepositoryCase[] = [
  ...strangerCases,
  ...updateCases,
  ...endCases,
  ...loginCases,
  ...renewalCases,
  ...timeCases,
  ...secrecyCases,
  ...failureCases,
  ...subjectCases,
];
