/** What a child is told, with a question. */
export type Input = Readonly<Record<string, number | string | readonly string[]>>;
export type Numbers = Readonly<Record<string, number>>;

export type Reply =
  | { readonly numbers: Numbers }
  | { readonly texts: readonly string[] }
  | { readonly error: string };

export interface Question {
  readonly question: string;
  readonly input: Input;
}

export function isReply(message: unknown): message is Reply {
  return isObject(message) && ("numbers" in message || "texts" in message || "error" in message);
}

export function isQuestion(message: unknown): message is Question {
  return isObject(message) && "question" in message && "input" in message;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** A number of an input, or a mistake of ours. */
export function numberOf(input: Input | Numbers, name: string): number {
  const value = input[name];
  if (typeof value === "number") return value;
  throw new TypeError(`The input has no number ${name}.`);
}

export function textOf(input: Input, name: string): string {
  const value = input[name];
  if (typeof value === "string") return value;
  throw new TypeError(`The input has no text ${name}.`);
}

export function textsOf(input: Input, name: string): readonly string[] {
  const value = input[name];
  if (typeof value === "object") return value;
  throw new TypeError(`The input has no texts ${name}.`);
}
