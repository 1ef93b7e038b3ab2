import { messageOf } from "../../scripts/processes.ts";
import { type Input, isQuestion, type Numbers, type Reply } from "./messages.ts";

/** What a child can be asked, by name. */
export type Answers = Readonly<
  Record<string, (input: Input) => Eventually<Numbers | readonly string[]>>
>;

type Eventually<T> = T | Promise<T>;

/** Answers the questions of the process that started this one, until that ends. */
export function serve(answers: Answers): void {
  process.on("message", async (message) => {
    process.send?.(await reply(answers, message));
  });
  process.on("disconnect", () => process.exit());
}

async function reply(answers: Answers, message: unknown): Promise<Reply> {
  try {
    if (!isQuestion(message)) throw new Error("That is no question.");
    const answer = answers[message.question];
    if (answer === undefined) throw new Error(`It does not know "${message.question}".`);
    const given = await answer(message.input);
    return isTexts(given) ? { texts: given } : { numbers: given };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : messageOf(error) };
  }
}

function isTexts(given: Numbers | readonly string[]): given is readonly string[] {
  return Array.isArray(given);
}
