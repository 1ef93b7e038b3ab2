import type { NextCookie, NextCookies, NextOptions } from "keepsake/adapters/next";

/** What Next.js gives to code that runs for one request, made as Next.js makes it. */
export interface Visit {
  /** What `next/headers` exports. */
  readonly next: Pick<NextOptions, "cookies" | "headers">;
  /** What was set, the last of each name. */
  readonly set: ReadonlyMap<string, NextCookie>;
  /** From here on the page is rendered: cookies can be read, and show what was set. */
  render(): void;
}

/** A request with these headers, in a server action. */
export function visit(init: HeadersInit = {}): Visit {
  const headers = new Headers(init);
  const values = new Map(
    (headers.get("cookie") ?? "")
      .split(/; */)
      .filter((pair) => pair !== "")
      .flatMap((pair): [string, string][] => {
        const [name = "", ...rest] = pair.split("=");
        try {
          return [[name, rest.length === 0 ? "true" : decodeURIComponent(rest.join("="))]];
        } catch {
          return [];
        }
      }),
  );
  const set = new Map<string, NextCookie>();
  const getAll = () => [...values].map(([name, value]) => ({ name, value }));
  const refuse = (): never => {
    throw new Error("Cookies can only be modified in a Server Action or Route Handler.");
  };
  let jar: NextCookies = {
    getAll,
    set(cookie) {
      set.set(cookie.name, cookie);
      values.set(cookie.name, cookie.value);
    },
    delete(name) {
      values.set(name, "");
    },
  };
  return {
    set,
    next: { headers: async () => headers, cookies: async () => jar },
    render() {
      jar = { getAll, set: refuse, delete: refuse };
    },
  };
}

/** The `Cookie` header of the next request. */
export function cookieAfter({ set }: Visit): string {
  return [...set.values()].map(({ name, value }) => `${name}=${value}`).join("; ");
}

/** What `redirect()` throws. */
export function redirection(location: string, status = 307): Error {
  return Object.assign(new Error("NEXT_REDIRECT"), {
    digest: `NEXT_REDIRECT;replace;${location};${status};`,
  });
}

/** What `notFound()`, `forbidden()` and `unauthorized()` throw. */
export function fallback(status: number): Error {
  const digest = `NEXT_HTTP_ERROR_FALLBACK;${status}`;
  return Object.assign(new Error(digest), { digest });
}
