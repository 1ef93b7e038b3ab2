// Prints how long it takes to import modules, in milliseconds: `node import-child.mjs FROM MODULE…`. Plain JavaScript, so
// that nothing is loaded for it that an application would not load.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [from, ...names] = process.argv.slice(2);
const resolve = import.meta.resolve;
const parent = pathToFileURL(from).href;
const urls = names.map((name) => {
  try {
    return resolve(name, parent);
  } catch {
    return pathToFileURL(createRequire(from).resolve(name)).href;
  }
});
const start = performance.now();
for (const url of urls) await import(url);
console.log(performance.now() - start);
