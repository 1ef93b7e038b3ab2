import type { Session, SessionStore } from "../../src/index.ts";
import { type Sample, sample } from "../subjects/sample.ts";

/** Requests straight to a store, without a framework. */
export class StoreVisits {
  readonly #store: SessionStore<Sample>;

  constructor(store: SessionStore<Sample>) {
    this.#store = store;
  }

  /** Begins a session: its handle, and the cookie it is found by. */
  async begin(): Promise<{ handle: string; cookie: string }> {
    let handle = "";
    const cookie = await this.#visit("", (session) => {
      session.update(sample());
      handle = session.id;
    });
    return { handle, cookie };
  }

  async read(cookie: string): Promise<void> {
    await this.#visit(cookie, (session) => {
      if (session.get("count") === undefined) throw new Error("The session is gone.");
    });
  }

  async change(cookie: string, count: number): Promise<void> {
    await this.#visit(cookie, (session) => session.set("count", count));
  }

  async #visit(cookie: string, act: (session: Session<Sample>) => unknown): Promise<string> {
    const request = {
      headers: new Headers(cookie === "" ? {} : { cookie }),
      url: "https://bench.example/",
    };
    const response = { headers: new Headers() };
    const session = await this.#store.load(request);
    act(session);
    await this.#store.save(request, response, session);
    return response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  }
}
