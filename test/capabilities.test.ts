import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { capabilityTable, PAGE, withTable } from "../scripts/capabilities.ts";
import { read } from "./support/repository.ts";

const COMMAND = "node scripts/run.mjs scripts/capabilities.ts";

describe("The table of what each store promises", () => {
  test(`requirement 94: in ${PAGE} it is the one that the code gives`, async () => {
    const page = await read(PAGE);
    assert.equal(page, withTable(page), `It is not any more. Write it anew: ${COMMAND}`);
  });

  test("says of the bridges what they cannot do, and of the others that they can", () => {
    const rows = capabilityTable()
      .split("\n")
      .map((line) => line.split("|").map((cell) => cell.trim()));
    const [heads = [], , ...stores] = rows;
    const column = (head: string) =>
      Object.fromEntries(stores.map((cells) => [cells[1], cells[heads.indexOf(head)]]));
    assert.deepEqual(column("atomic"), {
      memory: "yes",
      SQLite: "yes",
      PostgreSQL: "yes",
      "Valkey, Redis": "yes",
      "`fromExpressStore`": "within a process",
      "`fromUnstorage`": "within a process",
      "`fromKeyv`": "within a process",
    });
    const bridges = ["`fromExpressStore`", "`fromUnstorage`", "`fromKeyv`"];
    for (const bridge of bridges) {
      assert.equal(column("many processes")[bridge], "no");
      assert.equal(column("list by subject")[bridge], "no");
      assert.equal(column("persistent")[bridge], "yes or no");
      assert.equal(column("expiry by")[bridge], "the database or nothing");
    }
  });

  test("is put between its marks, and nothing else of the page changes", () => {
    const page = "# Stores\n\n<!-- capabilities -->\nold\n<!-- /capabilities -->\n\nMore.\n";
    const written = withTable(page);
    assert.equal(
      written,
      `# Stores\n\n<!-- capabilities -->\n\n${capabilityTable()}\n\n<!-- /capabilities -->\n\nMore.\n`,
    );
    assert.equal(withTable(written), written);
    for (const wrong of ["", "<!-- capabilities -->", "<!-- /capabilities -->", page + page]) {
      assert.throws(() => withTable(wrong), /once each/);
    }
  });
});
