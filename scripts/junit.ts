import type { Outcome } from "./steps.ts";

/** Counts the tests of a JUnit report, as Bun and Deno write them. Deno lists a group beside what is in it. */
export function countJunit(xml: string): Required<Pick<Outcome, "passed" | "failed" | "skipped">> {
  const cases = [...xml.matchAll(/<testcase name="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g)];
  const groups = new Set(cases.flatMap(([, name = ""]) => groupsOf(name)));
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const [, name = "", body = ""] of cases) {
    if (body.includes("<failure")) counts.failed += 1;
    else if (body.includes("<skipped")) counts.skipped += 1;
    else if (!groups.has(name)) counts.passed += 1;
  }
  return counts;
}

/** `a &gt; b &gt; c` is in `a` and in `a &gt; b`. */
function groupsOf(name: string): string[] {
  const parts = name.split(" &gt; ");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join(" &gt; "));
}
