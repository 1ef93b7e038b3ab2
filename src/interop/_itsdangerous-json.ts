import { isValues, type Values } from "../core/json.ts";
import { parseJson } from "../core/json-parse.ts";

/** How JSON is laid out: nobody who reads it minds, but who compares bytes. */
export interface JsonStyle {
  readonly comma: string;
  readonly colon: string;
  /** Whether everything but ASCII is escaped, as Python's `ensure_ascii` does. */
  readonly ascii: boolean;
}

interface ReadObject {
  readonly values: Values;
  /** Whether JavaScript's numbers are those of the text, to the last digit. */
  readonly isExact: boolean;
}

/** Deeper than Python's own `json` can write. */
const DEEPEST = 1000;

const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/;
const SYMBOLS = new RegExp(`${STRING.source}|[[\\]{}]|-?(?:\\d[\\d.eE+-]*|Infinity)|NaN`, "g");
const WHOLE = /^-?\d+$/;
/** A whole number of so many characters, sign included, is below 2^53. */
const SHORT = 15;
const LAYOUT = new RegExp(`${STRING.source}|[,:]|\\s+`, "g");

/** A JSON object, as Python writes it: also with `NaN` and `Infinity`. `undefined` for anything else. */
export function readObject(text: string): ReadObject | undefined {
  let isExact = true;
  let depth = 0;
  let deepest = 0;
  const json = text.replace(SYMBOLS, (symbol) => {
    if (symbol.startsWith('"')) return symbol;
    if (symbol === "{" || symbol === "[") deepest = Math.max(deepest, ++depth);
    else if (symbol === "}" || symbol === "]") depth -= 1;
    else if (!isExactNumber(symbol)) {
      isExact = false;
      return "0";
    }
    return symbol;
  });
  if (deepest > DEEPEST) return undefined;
  try {
    const values = parseJson(json);
    return isValues(values) ? { values, isExact } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a double holds the number that Python has. Of decimals both make the same double. */
function isExactNumber(text: string): boolean {
  const number = Number(text);
  // What is no number at all is left for the parser to refuse.
  if (Number.isNaN(number)) return text !== "NaN";
  if (!Number.isFinite(number)) return false;
  return !WHOLE.test(text) || text.length <= SHORT || BigInt(text) === BigInt(number);
}

/**
 * JSON that JavaScript wrote, in which whole numbers are written to the last digit. JavaScript's own digits stand for
 * a double: for 2 ** 60 they are 1152921504606847000, which to Python is another number.
 */
export function writeOut(json: string): string {
  return json.replace(SYMBOLS, (symbol) => {
    if (symbol.length <= SHORT || !WHOLE.test(symbol)) return symbol;
    const number = Number(symbol);
    return String(number) === symbol ? String(BigInt(number)) : symbol;
  });
}

/** The same JSON, laid out in this style. */
export function layOut(json: string, { comma, colon, ascii }: JsonStyle): string {
  return json.replace(LAYOUT, (part) => {
    if (part === ",") return comma;
    if (part === ":") return colon;
    if (!part.startsWith('"')) return "";
    return ascii ? part.replace(/[^ -~]/g, escapeUnit) : part;
  });
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
