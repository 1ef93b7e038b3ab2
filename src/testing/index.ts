export {
  type AdapterSuiteOptions,
  adapterSuite,
  type Case,
  type ServedApplication,
  type TestedStore,
} from "./adapter-suite.ts";
export { CheckFailed } from "./check.ts";
export { CookieJar } from "./cookie-jar.ts";
export { type FakeClock, fakeClock } from "./fake-clock.ts";
export { type RepositorySuiteOptions, repositorySuite } from "./repository-suite.ts";
export { type VisitOptions, Visitor } from "./visitor.ts";
