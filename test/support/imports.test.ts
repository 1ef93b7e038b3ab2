import assert from "node:assert/strict";
import { test } from "node:test";
import { type Import, importsOf } from "./imports.ts";

const CASES: readonly [code: string, ...found: Import[]][] = [
  ['import "a";', { specifier: "a", typeOnly: false }],
  ['import a from "a";', { specifier: "a", typeOnly: false }],
  ['import * as a from "a";', { specifier: "a", typeOnly: false }],
  ['import {\n  a,\n  type B,\n} from "./a.ts";', { specifier: "./a.ts", typeOnly: false }],
  ['import type { A } from "a";', { specifier: "a", typeOnly: true }],
  ['import type A from "a";', { specifier: "a", typeOnly: true }],
  ['import type from "a";', { specifier: "a", typeOnly: false }],
  ['export * from "a";', { specifier: "a", typeOnly: false }],
  ['export type { A } from "a";', { specifier: "a", typeOnly: true }],
  ['export { a } from "a";', { specifier: "a", typeOnly: false }],
  ['const a = await import("a");', { specifier: "a", typeOnly: false }],
  ['/** import a from "a"; */'],
  ['// import a from "a";'],
  ['export const a = "b";'],
  ['export type A = "b" | "c";'],
  ['export function a(): string {\n  return "from";\n}'],
  ["export interface A {\n  b: 1;\n}\nimport { a } from 'a';", { specifier: "a", typeOnly: false }],
];

for (const [code, ...found] of CASES) {
  test(`finds the imports of ${JSON.stringify(code)}`, () => {
    assert.deepEqual(importsOf(code), found);
  });
}
