import { internals, type Session } from "../session.ts";
import type { StoredState } from "../session-state.ts";
import type { Loaded, ServerContext } from "./context.ts";

/** What a session of a store was restored from. */
export class Origin implements StoredState {
  readonly context: ServerContext;
  readonly loaded: Loaded;

  constructor(context: ServerContext, loaded: Loaded) {
    this.context = context;
    this.loaded = loaded;
  }

  get id(): string {
    return this.loaded.record.handle;
  }

  get subject(): string | undefined {
    return this.loaded.record.subject;
  }

  get createdAt(): number {
    return this.loaded.record.createdAt;
  }

  get authenticatedAt(): number | undefined {
    return this.loaded.record.authenticatedAt;
  }

  get antiForgerySecret(): string | undefined {
    const { form } = this.loaded.credentials;
    return typeof form === "string" ? form : undefined;
  }
}

/** What this store, and no other, knows of a session that it has loaded. */
export function loadedOf<Data extends object>(
  context: ServerContext,
  session: Session<Data>,
): Loaded | undefined {
  const origin = internals.origin(session);
  return origin instanceof Origin && origin.context === context ? origin.loaded : undefined;
}
