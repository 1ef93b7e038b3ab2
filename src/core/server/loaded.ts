import type { Contents } from "../changes.ts";
import { internals, type Session } from "../session.ts";
import type { StoredState } from "../session-state.ts";
import type { SessionTransport } from "../transport.ts";
import type { ServerContext } from "./context.ts";
import type { Operation } from "./guard.ts";
import type { Opened } from "./opening.ts";
import type { Presented } from "./tokens.ts";

/** A session that a request's token opened, as it was when it was read: what the store's session is restored from. */
export class Loaded implements StoredState {
  readonly context: ServerContext;
  readonly opened: Opened;
  readonly presented: Presented;
  /** When the credential was found good; it stays so for this request, however long that takes. */
  readonly loadedAt: number;
  readonly transport: SessionTransport;
  /** What the session begins with. It is the session's own from then on. */
  readonly contents: Contents;
  /** Of a session that is watched: the hash of the credential that its holder had when it was last asked about. */
  heldHash: string | undefined;
  /** The save's, so that a save that is repeated has no second time limit. */
  operation: Operation | undefined;
  /** By this request: the token is to be taken away, however the rest of the save goes. */
  hasEnded = false;

  constructor(
    context: ServerContext,
    opened: Opened,
    { presented, transport }: PresentedToken,
    loadedAt: number,
    contents: Contents,
  ) {
    this.context = context;
    this.opened = opened;
    this.presented = presented;
    this.loadedAt = loadedAt;
    this.transport = transport;
    this.contents = contents;
  }

  get id(): string {
    return this.opened.record.handle;
  }

  get subject(): string | undefined {
    return this.opened.record.subject;
  }

  get createdAt(): number {
    return this.opened.record.createdAt;
  }

  get authenticatedAt(): number | undefined {
    return this.opened.record.authenticatedAt;
  }

  get antiForgerySecret(): string | undefined {
    const { form } = this.opened.credentials;
    return typeof form === "string" ? form : undefined;
  }
}

/** A token that a request carries, read but not yet known to be true. */
export interface PresentedToken {
  readonly presented: Presented;
  readonly transport: SessionTransport;
}

/** What this store, and no other, knows of a session that it has loaded. */
export function loadedOf<Data extends object>(
  context: ServerContext,
  session: Session<Data>,
): Loaded | undefined {
  const origin = internals.origin(session);
  return origin instanceof Loaded && origin.context === context ? origin : undefined;
}
