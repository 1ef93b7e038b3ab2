// A test runner with the part of node:test that the tests use, which takes its place in a worker.

type Work = (context: Context) => unknown;
type Hook = () => unknown;

/** What a test is given. */
class Context {
  readonly #afterwards: Hook[] = [];

  after(hook: Hook): void {
    this.#afterwards.push(hook);
  }

  diagnostic(_message: string): void {}

  async end(): Promise<void> {
    for (const hook of this.#afterwards) await hook();
  }
}

export type { Context as TestContext };

/** A file, or what a `describe` holds. */
class Group {
  readonly name: string;
  readonly items: (Group | { readonly name: string; readonly work: Work })[] = [];
  readonly befores: Hook[] = [];
  readonly beforeEachs: Hook[] = [];
  readonly afters: Hook[] = [];

  constructor(name: string) {
    this.name = name;
  }
}

/** How a test went. */
export interface Result {
  readonly name: string;
  /** Why it failed. */
  readonly error?: string;
}

let current = new Group("");
const strays: unknown[] = [];

/** Has a failure reported that no test has seen. */
export function reportStray(error: unknown): void {
  strays.push(error);
}

export function test(name: string, work: Work): void {
  current.items.push({ name, work });
}

export function describe(name: string, fill: () => unknown): void {
  const outer = current;
  const group = new Group(name);
  outer.items.push(group);
  current = group;
  // Filled at once, or the tests would land elsewhere.
  const filling = fill();
  current = outer;
  if (filling instanceof Promise) throw new Error(`${name} cannot be filled later.`);
}

export function before(hook: Hook): void {
  current.befores.push(hook);
}

export function beforeEach(hook: Hook): void {
  current.beforeEachs.push(hook);
}

export function after(hook: Hook): void {
  current.afters.push(hook);
}

/** Loads a file, and runs its tests one after another. */
export async function* runFile(load: () => Promise<unknown>): AsyncGenerator<Result> {
  const file = new Group("");
  current = file;
  try {
    await load();
  } catch (error) {
    yield { name: "the file itself", error: print(error) };
    return;
  }
  yield* runGroup(file, "", []);
  for (const error of strays.splice(0)) {
    yield { name: "a promise that nobody waits for", error: print(error) };
  }
}

async function* runGroup(
  group: Group,
  path: string,
  outer: readonly Hook[],
): AsyncGenerator<Result> {
  const hooks = [...outer, ...group.beforeEachs];
  try {
    for (const hook of group.befores) await hook();
    for (const item of group.items) {
      const name = `${path}${item.name}`;
      if (item instanceof Group) yield* runGroup(item, `${name} › `, hooks);
      else yield await runTest(name, item.work, hooks);
    }
    for (const hook of group.afters) await hook();
  } catch (error) {
    yield { name: `${path}what comes before or after the tests`, error: print(error) };
  }
}

async function runTest(name: string, work: Work, hooks: readonly Hook[]): Promise<Result> {
  const context = new Context();
  try {
    for (const hook of hooks) await hook();
    try {
      await work(context);
    } finally {
      await context.end();
    }
    return { name };
  } catch (error) {
    return { name, error: print(error) };
  }
}

function print(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = error.stack ?? error.message;
  return error.cause === undefined ? text : `${text}\ncaused by: ${print(error.cause)}`;
}
