import type { Request } from "express";
import { cookieTransport } from "keepsake";
import { cartLines, type Line } from "./cart.ts";

/** What a page shows of its visitor. */
export interface Visit {
  readonly notice: string | undefined;
  readonly name: string | undefined;
  readonly lines: readonly Line[];
  readonly travels: Travels;
}

/** What the browser sent with this request, and what the server made of it. */
export interface Travels {
  readonly cookieName: string;
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
      cookieBytes: bytesOf(cookieName, headers.cookie ?? ""),
      isEnding,
      session:
        session.isNew || isEnding
          ? undefined
          : { handle: session.id, createdAt: session.createdAt, expiresAt: session.expiresAt },
    },
  };
}

const { name: cookieName } = cookieTransport();

function bytesOf(name: string, header: string): number | undefined {
  const pair = header.split("; ").find((each) => each.startsWith(`${name}=`));
  return pair === undefined ? undefined : pair.length - "=".length;
}
