import type { Request } from "express";
import { cookieTransport } from "keepsake";
import { formField } from "keepsake/anti-forgery";
import { cartLines, type Line } from "./cart.ts";
import { Html } from "./html.ts";

/** What a page shows of its visitor. */
export interface Visit {
  readonly notice: string | undefined;
  readonly name: string | undefined;
  readonly lines: readonly Line[];
  readonly travels: Travels;
  /**
   * A hidden input by which a form is known as one that this visitor was shown. A stranger gets a cookie with it, so only
   * pages with forms ask for it.
   */
  formField(): Html;
}

/** What the browser sent with this request, and what the server made of it. */
export interface Travels {
  readonly cookieName: string;
  /** The cookie that forms are bound to where there is no session. */
  readonly formCookieName: string;
  /** Name and value together, which is what browsers count. Without a cookie, `undefined`. */
  readonly cookieBytes: number | undefined;
  /** Whether this answer deletes the cookie. */
  readonly isEnding: boolean;
  readonly session: OpenSession | undefined;
}

export interface OpenSession {
  readonly handle: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** Reading makes no session: a stranger who only looks around gets no cookie. */
export function visitOf({ session, headers }: Request): Visit {
  // First, because a session that was there for the notice alone ends when it is read.
  const notice = session.get("notice");
  const isEnding = session.pending === "end";
  return {
    notice,
    name: session.subject,
    lines: cartLines(session),
    travels: {
      cookieName,
      formCookieName,
      cookieBytes: bytesOf(cookieName, headers.cookie ?? ""),
      isEnding,
      session:
        session.isNew || isEnding
          ? undefined
          : { handle: session.id, createdAt: session.createdAt, expiresAt: session.expiresAt },
    },
    formField: () => new Html(formField(session)),
  };
}

const { name: cookieName } = cookieTransport();
const { name: formCookieName } = cookieTransport({ name: "aftoken" });

function bytesOf(name: string, header: string): number | undefined {
  const pair = header.split("; ").find((each) => each.startsWith(`${name}=`));
  return pair === undefined ? undefined : pair.length - "=".length;
}
