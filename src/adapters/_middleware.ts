import { SessionError } from "../core/errors.ts";
import { addVary, type SessionRequest } from "../core/exchange.ts";
import { plainHeaders } from "../core/lines.ts";
import { SessionMiddleware } from "../core/middleware.ts";
import { misconfigured } from "../core/options.ts";
import { internals, Session } from "../core/session.ts";

/** The way of a request through its session, with what an application does around it: one session of a store a request. */
export class AdapterMiddleware<Data extends object> extends SessionMiddleware<Data> {
  /** Whether a session was loaded from the same store and is not saved yet: then whoever loaded it saves it. */
  isUnderWay(found: unknown): found is Session<Data> {
    return found instanceof Session && this.isFromStore(found) && internals.isOpen(found);
  }

  /**
   * Whether a request has its session already, because `sessions` is twice on its way.
   *
   * @param found What is found where this one's session is to be.
   * @throws `ERR_SESSION_CONFIG` for a session of another store, which would be out of reach from there on.
   */
  isThereOrThrow(found: unknown, owner: string, property: string): boolean {
    if (this.isUnderWay(found)) return true;
    if (!(found instanceof Session) || !internals.isOpen(found)) return false;
    throw misconfigured(
      `sessions: ${owner}.${property} is a session of another store already. Give both the same store, or one of them ` +
        'another cookie and another property: sessions(store, { property: "adminSession" }).',
    );
  }

  /**
   * In the place of `save`, where the answer can carry no token: only the end of a session is saved. Of a changed one the
   * operator is told, too, because the answer may have left, and nobody hears of the error.
   *
   * @throws `ERR_SESSION_COMMITTED` for a session that was changed; what `save` throws.
   */
  async saveUnanswered(request: SessionRequest, session: Session<Data>): Promise<void> {
    if (this.closeUnused(session)) return;
    const { modified, pending } = session;
    const instead = { headers: new Headers(), status: 500 };
    internals.discard(session);
    if (pending === "end") await this.save(request, instead, session);
    else {
      internals.close(session);
      addVary(instead, this.vary);
    }
    if (!modified) return;
    const error = unsaved(instead.headers);
    this.onEvent({ type: "save-failed", error });
    throw error;
  }
}

function unsaved(headers: Headers): SessionError {
  const error = new SessionError(
    "ERR_SESSION_COMMITTED",
    "The session was changed, but the handler answered by hand, with an upgrade, with nothing or with Response.error(), " +
      "or something else had answered before it, and that can carry no token. Only read the session there, and change it in a request that is answered.",
  );
  error.headers = plainHeaders(headers);
  return error;
}
