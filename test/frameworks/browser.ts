import assert from "node:assert/strict";
import { CookieJar } from "keepsake/testing";

const FORM = /<form\b(?<attributes>[^>]*)>(?<content>.*?)<\/form>/gs;
const HIDDEN = /<input\b[^>]*?\btype="hidden"[^>]*?\bname="([^"]*)"(?:[^>]*?\bvalue="([^"]*)")?/g;

/** A browser without scripts: it keeps cookies, says where a form comes from, and follows no redirects. */
export class Browser {
  readonly jar: CookieJar = new CookieJar(Date.now);
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  get(path: string): Promise<Response> {
    return this.#send(path, { method: "GET" });
  }

  post(path: string, body?: FormData): Promise<Response> {
    return this.#send(path, { method: "POST", ...(body === undefined ? {} : { body }) });
  }

  /** Fills in a form of a page, and submits it. @param id Of which form; without, of the first. */
  async submit(
    path: string,
    fields: Readonly<Record<string, string>> = {},
    id?: string,
  ): Promise<Response> {
    const page = await (await this.get(path)).text();
    const forms = [...page.matchAll(FORM)].map(({ groups }) => groups ?? {});
    const form =
      id === undefined
        ? forms[0]
        : forms.find(({ attributes }) => attributes?.includes(`id="${id}"`));
    assert.ok(form, `there is no form ${id ?? ""} on ${path}`);
    const body = new FormData();
    for (const [, name = "", value = ""] of form.content?.matchAll(HIDDEN) ?? []) {
      body.set(name, value);
    }
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    return this.post(path, body);
  }

  async #send(path: string, init: { method: string; body?: FormData }): Promise<Response> {
    const cookie = this.jar.header(path);
    const response = await fetch(`${this.#url}${path}`, {
      ...init,
      redirect: "manual",
      headers: {
        origin: this.#url,
        "x-forwarded-proto": "http",
        ...(cookie === undefined ? {} : { cookie }),
      },
    });
    this.jar.store(response);
    return response;
  }
}
