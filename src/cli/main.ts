#!/usr/bin/env node
import { answer } from "./answer.ts";

const { text, isMistake } = answer(process.argv.slice(2));
(isMistake ? process.stderr : process.stdout).write(text);
process.exitCode = isMistake ? 2 : 0;
