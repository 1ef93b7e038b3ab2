// npm run bench:profile -- SUBJECT CASE: where the time of one subject goes, as tables of Markdown.
import { endWithChildren } from "../scripts/processes.ts";
import { Child } from "./harness/child.ts";
import { installPeers } from "./harness/install.ts";
import { startServers } from "./harness/servers.ts";
import { CASE_NAMES, isCaseName } from "./parts/cases.ts";
import { renderProfile, selfTimes } from "./report/profile.ts";
import { subjects } from "./subjects/index.ts";

const REQUESTS = 20_000;
const MOST = 25;

const [id = "", name = ""] = process.argv.slice(2);
const subject = subjects.find((each) => each.id === id);
if (subject === undefined || subject.kind === "bare" || !isCaseName(name)) {
  const ids = subjects.filter(({ kind }) => kind !== "bare").map((each) => each.id);
  console.error(
    "Usage: npm run bench:profile -- SUBJECT CASE\n" +
      `Cases: ${CASE_NAMES.join(", ")}\nSubjects: ${ids.join(", ")}`,
  );
  process.exit(1);
}
endWithChildren();
await installPeers();
const needsServers = subject.storage === "valkey" || subject.storage === "postgres";
const servers = needsServers ? await startServers() : undefined;
const child = new Child("parts/in-process-child.ts", [id]);
try {
  // The first ones compile.
  await child.ask("measure", { case: name, count: REQUESTS / 2 });
  const [profile = "{}"] = await child.askTexts("profile", { case: name, count: REQUESTS });
  console.log(renderProfile(selfTimes(JSON.parse(profile)), REQUESTS, MOST));
} finally {
  await child.end();
  await servers?.stop();
}
