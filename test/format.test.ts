import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import {
  type Answers,
  askPython,
  askTypeScript,
  findPython,
  PAGE,
} from "./support/format-readers.ts";
import { derive, listOf, openByNode } from "./support/format-suites.ts";
import { type Fields, fromHex, readVectors, type Vectors } from "./support/format-vectors.ts";
import { read } from "./support/repository.ts";

const vectors = await readVectors();
const page = await read(PAGE);
const python = await findPython();

const ofK1: Vectors = {
  ...vectors,
  tokens: vectors.tokens.filter((each) => each.suite === "k1"),
};

describe(`The readers of ${PAGE} agree with all vectors`, () => {
  test("in TypeScript, with libsodium-wrappers-sumo", async (context) => {
    context.diagnostic(
      `note: the format's Python reader runs in ${python ?? "nothing: python3 or libsodium is missing"}`,
    );
    checkAnswers(await askTypeScript(ofK1));
  });

  // A machine need not have Python for this library; the other reader has shown the same.
  if (python !== undefined) {
    test(`in ${python}`, async () => {
      checkAnswers(await askPython(ofK1));
    });
  }
});

function checkAnswers(answers: Answers): void {
  for (const [index, { why, payload, stale, fields }] of ofK1.tokens.entries()) {
    const isNote = fields.seenAt !== undefined;
    const expected = { payload, stale, fields: isNote ? null : fields };
    assert.deepEqual(answers.tokens[index], expected, why);
  }
  for (const [index, { why, suite }] of ofK1.nearMisses.entries()) {
    assert.equal(answers.nearMisses[index], null, `${suite}: ${why}`);
  }
  for (const [index, { why, end }] of ofK1.sessions.entries()) {
    assert.equal(answers.sessions[index], end, why);
  }
}

describe("The vectors", () => {
  /** Add new ones at the end of their list, and leave this as it is. */
  const PUBLISHED = { tokens: 90, nearMisses: 300, sessions: 65, chunks: 3 };

  test("that were published are there, and none is changed", () => {
    const { tokens, nearMisses, sessions, chunks } = vectors;
    const published = [
      tokens.slice(0, PUBLISHED.tokens),
      nearMisses.slice(0, PUBLISHED.nearMisses),
      sessions.slice(0, PUBLISHED.sessions),
      chunks.slice(0, PUBLISHED.chunks),
    ];
    const digest = createHash("sha256").update(JSON.stringify(published)).digest("hex");
    assert.equal(digest, "fd9719bb227e33fa0a260ab7cec52c3056bd1f0518c3c269d6114a969abbff08");
  });

  test("of requests that were published are there, and none is changed", () => {
    const published = vectors.requests.slice(0, 40);
    const digest = createHash("sha256").update(JSON.stringify(published)).digest("hex");
    assert.equal(digest, "b698785758675b2197561b2903fbd6466b703754ce9a2f3242ac2b74d3f2b5bc");
  });

  test("of requests are as the page has it: exactly one token opens where there is a session", () => {
    for (const { why, chunks, cookies, name, token } of vectors.requests) {
      assert.ok(chunks >= 1 && chunks <= 3, why);
      if (token === null) continue;
      const length = token.length + name.length;
      const values = cookies.filter((pair) => pair[0].startsWith(name)).map((pair) => pair[1]);
      assert.equal(values.includes(token), length <= 4096, why);
    }
    assert.ok(vectors.requests.filter(({ token }) => token === null).length >= 24);
  });

  test("name every suite, purpose, name and reason", () => {
    for (const suite of ["k1", "k2", "s1"]) {
      const of = vectors.tokens.filter((each) => each.suite === suite);
      assert.ok(new Set(of.map(({ name }) => name)).size >= 6);
      assert.ok(new Set(of.flatMap(({ secrets }) => secrets)).size >= 5);
      assert.ok(of.some(({ stale }) => stale));
    }
    const { tokens, nearMisses, sessions, requests } = vectors;
    for (const { why } of [...tokens, ...nearMisses, ...sessions, ...requests]) {
      assert.match(why, /^[A-Z0-9].*\.$/);
    }
  });
});

describe("k2 and s1, by node:crypto and without the library", () => {
  for (const suite of ["k2", "s1"]) {
    test(`${suite}: every token opens to its payload`, () => {
      const listed = vectors.tokens.filter((each) => each.suite === suite);
      assert.ok(listed.length >= 30);
      for (const { why, token, payload, ...place } of listed) {
        const opened = openByNode(token, place);
        assert.equal(opened && Buffer.from(opened).toString("hex"), payload, why);
      }
    });
  }

  test("no near miss opens", () => {
    for (const { why, suite, token, ...place } of vectors.nearMisses) {
      assert.equal(openByNode(token, place), undefined, `${suite}: ${why}`);
    }
  });
});

describe(`The tables of ${PAGE}`, () => {
  const [example] = vectors.tokens;
  assert.ok(example);
  const { token, payload, fields, secrets, audience, purpose, name } = example;
  const [version = "", id = "", body = ""] = token.split(".");

  test("the example is the first vector", () => {
    const { shown } = /```text\n(?<shown>k1\.\S+)\n```/.exec(page)?.groups ?? {};
    assert.equal(shown, token);
    assert.ok(page.includes(`The secret is \`${secrets[0]}\`, the audience is empty`));
    assert.deepEqual([audience, purpose, name], ["", "session", "__Host-session"]);
  });

  test("its key", () => {
    const [secret = ""] = secrets;
    const labels = ["k1 key id", "k1 xchacha20-poly1305"];
    const [idLabel = "", keyLabel = ""] = labels;
    assert.deepEqual(hexIn("Its key"), [
      listOf(idLabel, audience).toString("hex"),
      derive(secret, idLabel, audience, 6).toString("hex"),
      listOf(keyLabel, audience).toString("hex"),
      derive(secret, keyLabel, audience, 32).toString("hex"),
    ]);
    assert.equal(Buffer.from(hexIn("Its key")[1] ?? "", "hex").toString("base64url"), id);
  });

  test("its body, its associated data and its payload", () => {
    assert.equal(hexIn("Its body").join(""), Buffer.from(body, "base64url").toString("hex"));
    const associated = listOf(version, id, purpose, name).toString("hex");
    assert.equal(hexIn("Its associated data").join(""), associated);
    assert.equal(hexIn("Its payload").join(""), payload);
    for (const title of ["Its body", "Its associated data", "Its payload"]) {
      for (const { bytes = "", hex = "" } of rowsOf(title)) {
        const length = bytes.split("+").reduce((sum, each) => sum + Number(each), 0);
        assert.equal(bytesOf(hex).length, length, `${title}: ${hex}`);
      }
    }
  });

  test("what the example's payload is said to mean", () => {
    const meanings = rowsOf("Its payload").map((row) => row.is ?? "");
    const times = meanings.flatMap((text) => /\d{4}-.*Z/.exec(text)?.[0] ?? []);
    assert.deepEqual(
      times.map((time) => Date.parse(time)),
      [fields.issuedAt, fields.createdAt, fields.authenticatedAt, fields.expiresAt],
    );
    assert.ok(meanings.some((text) => text.includes(`\`${fields.subject}\``)));
    assert.ok(meanings.some((text) => text.includes(`\`${fields.data}\``)));
  });

  test("what has a fixed place in a payload or a note has it in every vector", () => {
    for (const [title, isNote] of [
      ["The payload", false],
      ["The note of use", true],
    ] as const) {
      const rows = rowsOf(title).filter(
        ({ at, field, is }) => at !== "" && field !== "" && !is?.startsWith("with flag"),
      );
      assert.equal(rows.length, isNote ? 2 : 6);
      for (const each of vectors.tokens.filter(({ purpose }) => (purpose === "seen") === isNote)) {
        const expected = shownFields(each.fields);
        for (const { at, bytes, field = "" } of rows) {
          const hex = Buffer.from(fromHex(each.payload))
            .subarray(Number(at), Number(at) + Number(bytes))
            .toString("hex");
          const found = field === "`handle`" ? hex : Number.parseInt(hex, 16);
          assert.equal(found, expected[field.replaceAll("`", "")], `${each.why} ${field}`);
        }
      }
    }
  });

  test("the sizes are those of the vectors, and the largest is as large as a cookie can be", () => {
    const rows = rowsOf("Sizes");
    for (const { suite, payload, token, name, fields } of vectors.tokens) {
      const n = payload.length / 2;
      const expected =
        suite === "s1" ? 56 + Math.ceil((n * 4) / 3) : 12 + Math.ceil(((n + 40) * 4) / 3);
      assert.equal(token.length, expected);
      if (token.length + name.length <= 4092) continue;
      const most = Buffer.byteLength(fields.data ?? "").toLocaleString("en");
      assert.equal(
        rows.filter(
          (row) => row.suite?.includes(suite) && Object.values(row).includes(`${most} bytes`),
        ).length,
        1,
      );
    }
  });

  test("every label, version and field of the vectors is named", () => {
    const keys = new Set(vectors.tokens.flatMap((each) => Object.keys(each.fields)));
    for (const word of ["k1", "k2", "s1", ...keys]) assert.ok(page.includes(`\`${word}\``), word);
  });
});

/** A payload's fields, with what stands there for those that are absent. */
function shownFields(fields: Fields): Readonly<Record<string, unknown>> {
  const flags =
    (fields.subject === undefined ? 0 : 1) |
    (fields.flash === undefined ? 0 : 2) |
    (fields.antiForgerySecret === undefined ? 0 : 4);
  return { authenticatedAt: 0, ...fields, flags };
}

/** The rows of the first table under a heading, by the names of its columns. */
function rowsOf(title: string): readonly Readonly<Record<string, string>>[] {
  const [, section] = page.split(new RegExp(`^#{2,3} ${title}$`, "m"));
  const [head, , ...rows] =
    /(?:^\|.*\|\n)+/m
      .exec(section ?? "")?.[0]
      .trimEnd()
      .split("\n")
      .map((line) =>
        line
          .slice(1, -1)
          .split("|")
          .map((cell) => cell.trim()),
      ) ?? [];
  assert.ok(head, `no table under ${title}`);
  return rows.map((row) =>
    Object.fromEntries(head.map((column, index) => [column, row[index] ?? ""])),
  );
}

function hexIn(title: string): readonly string[] {
  return rowsOf(title).map(({ hex = "" }) => bytesOf(hex).toString("hex"));
}

function bytesOf(cell: string): Buffer {
  const hex = cell.replaceAll(/[` ]/g, "");
  assert.match(hex, /^(?:[0-9a-f]{2})+$/);
  return Buffer.from(hex, "hex");
}
