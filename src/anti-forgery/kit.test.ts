/** What the tests of anti-forgery share: an application that is protected as a whole, and a visitor of it. */
import type { OnEvent, SessionEvent, SessionStore } from "keepsake";
import { antiForgery, type FetchAntiForgeryOptions, sessions } from "keepsake/adapters/fetch";
import { CookieJar } from "keepsake/testing";
import type { Loose, Time } from "../core/kit.test.ts";

type Data = Record<string, unknown>;

/** What the application does with a request that gets through. */
export type Act = (session: Loose, request: Request) => unknown;

export class Visit {
  readonly events: SessionEvent[] = [];
  readonly jar: CookieJar;
  readonly #fetch: (request: Request) => Promise<Response>;
  #act: Act = () => undefined;

  constructor(time: Time, store: SessionStore<Data>, rules: FetchAntiForgeryOptions = {}) {
    this.jar = new CookieJar(time.clock);
    const onEvent: OnEvent = (event) => this.events.push(event);
    const protect = antiForgery({ clock: time.clock, onEvent, ...rules });
    const withSession = sessions<Data>(store, { onEvent });
    this.#fetch = withSession(
      protect(async (request, session) => {
        const answer = await this.#act(session, request);
        return answer instanceof Response ? answer : new Response(String(answer ?? "done"));
      }),
    );
  }

  /** A GET. What the application gives back is the body. */
  async show(act: Act): Promise<Response> {
    return this.#send("GET", {}, undefined, act);
  }

  /** A POST that proves nothing: its token decides. */
  async post(
    headers: Record<string, string>,
    body?: BodyInit,
    act: Act = () => undefined,
  ): Promise<Response> {
    return this.#send("POST", headers, body, act);
  }

  async #send(
    method: string,
    headers: Record<string, string>,
    body: BodyInit | undefined,
    act: Act,
  ): Promise<Response> {
    const cookie = this.jar.header();
    const request = new Request("https://app.example/", {
      method,
      headers: { ...headers, ...(cookie === undefined ? {} : { cookie }) },
      ...(body === undefined ? {} : { body, duplex: "half" }),
    });
    this.#act = act;
    const response = await this.#fetch(request);
    this.jar.store(response);
    return response;
  }

  get reasons(): string[] {
    return this.events.flatMap((each) => (each.type === "forgery-refused" ? [each.reason] : []));
  }
}

/** What a form of a visitor has in it. */
export const TOKEN = "RequestVerificationToken";
export const FIELD = "__RequestVerificationToken";
