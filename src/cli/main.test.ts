import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { CookieSessionStore } from "keepsake";
import { POSTGRES_MIGRATIONS } from "../stores/_postgres-schema.ts";
import { roundTrip, Scene } from "../stores/postgres-kit.test.ts";
import { answer } from "./answer.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
const FLAGS = ["--conditions=keepsake-source", "--disable-warning=ExperimentalWarning"];

const keepsake = (...args: string[]): Promise<{ code: number | null; out: string; err: string }> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, [...FLAGS, MAIN, ...args], (_, out, err) =>
      resolve({ code: child.exitCode, out, err }),
    );
  });

describe("keepsake", () => {
  test("secret prints another good secret each time", async () => {
    const [first, second] = await Promise.all([keepsake("secret"), keepsake("secret")]);
    for (const { code, out, err } of [first, second]) {
      assert.deepEqual([code, err], [0, ""]);
      assert.match(out, /^[\w-]{43}\n$/);
      new CookieSessionStore({ secret: out.trim() });
    }
    assert.notEqual(first.out, second.out);
  });

  test("--help says what there is", async () => {
    const { code, out } = await keepsake("--help");
    assert.equal(code, 0);
    assert.match(out, /keepsake secret\n/);
    assert.match(out, /keepsake ddl postgres \[--table NAME\] \[--from VERSION\]\n/);
    assert.deepEqual(answer(["-h"]), { text: out, isMistake: false });
  });

  test("called wrongly says what is wrong and what there is, and fails", async () => {
    const { code, out, err } = await keepsake("secrets");
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, /^There is no command "keepsake secrets"\.\n\nUsage:/);
    const mistakes: [string[], RegExp][] = [
      [[], /^There is no command/],
      [["secret", "--table", "a"], /^There is no command/],
      [["ddl"], /^There is no command/],
      [["ddl", "mysql"], /^There is no command/],
      [["ddl", "postgres", "--tabel", "a"], /^Unknown option '--tabel'/],
      [["ddl", "postgres", "--table", 'a"; DROP TABLE b'], /table must be a name/],
      [["ddl", "postgres", "--from", "two"], /^There is no version two/],
      [["ddl", "postgres", "--from", "99"], /^There is no version 99/],
    ];
    for (const [args, message] of mistakes) {
      const { text, isMistake } = answer(args);
      assert.equal(isMistake, true, args.join(" "));
      assert.match(text, message);
    }
  });
});

describe("keepsake ddl postgres", () => {
  let scene: Scene;
  before(async () => {
    scene = await Scene.openEmpty();
  });
  after(() => scene.close());

  test("prints the table that setup() makes", async () => {
    const describeTable = async (name: string) => {
      const table = `${scene.schema}.${name}`;
      const columns = await scene.query(
        `SELECT attname, format_type(atttypid, atttypmod) AS type, attnotnull, attcollation
        FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 ORDER BY attnum`,
        [table],
      );
      const indexes = await scene.query(
        "SELECT pg_get_indexdef(indexrelid) AS index FROM pg_index WHERE indrelid = $1::regclass",
        [table],
      );
      const [rest] = await scene.query(
        "SELECT reloptions, obj_description(oid, 'pg_class') AS comment FROM pg_class WHERE oid = $1::regclass",
        [table],
      );
      const texts = indexes.map(({ index }) => String(index).replaceAll(name, "NAME"));
      return { columns, indexes: texts.toSorted(), ...rest };
    };
    const table = `${scene.schema}.printed`;
    const { code, out } = await keepsake("ddl", "postgres", "--table", table);
    assert.equal(code, 0);
    await scene.pool.query(out);
    const printed = scene.repository(scene.pool, { table });
    await printed.setup();
    await roundTrip(printed);
    await scene.repository(scene.pool, { table: `${scene.schema}.made` }).setup();
    assert.deepEqual(await describeTable("printed"), await describeTable("made"));
  });

  test("--from the last version prints nothing to do", async () => {
    const last = POSTGRES_MIGRATIONS.length;
    const { code, out } = await keepsake("ddl", "postgres", "--from", `${last}`);
    assert.deepEqual([code, out], [0, `-- "keepsake_sessions" is up to date: version ${last}.\n`]);
  });
});
