import { provideFiles } from "./files.ts";
import { type Result, reportStray, runFile } from "./runner.ts";
import { answerServed, listenAt } from "./serve.ts";

/** What is to be run. */
export interface Order {
  readonly file: string;
  /** Where this worker is reached over HTTP. */
  readonly url: string;
  /** What tests read, by path. */
  readonly files: Readonly<Record<string, string>>;
}

addEventListener("unhandledrejection", ({ reason }) => reportStray(reason));

const worker = {
  async fetch(request: Request): Promise<Response> {
    if (new URL(request.url).pathname !== "/run") return answerServed(request);
    const { file, url, files }: Order = await request.json();
    provideFiles(files);
    listenAt(url);
    return new Response(linesOf(runFile(() => import(`/${file}`))));
  },
};

export { worker as default };

/**
 * Each result as a line of JSON, as soon as it is there, and `null` at the end: workerd ends a response that is waiting
 * for nothing as if it were complete.
 */
function linesOf(results: AsyncIterable<Result>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator = results[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      controller.enqueue(encoder.encode(`${JSON.stringify(done ? null : value)}\n`));
      if (done) controller.close();
    },
  });
}
