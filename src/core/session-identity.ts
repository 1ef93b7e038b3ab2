import { isAntiForgerySecret, newAntiForgerySecret } from "./anti-forgery-secret.ts";
import type { SessionConfig } from "./session-config.ts";
import type { Pending, StoredState } from "./session-state.ts";

/** Which session it is, whose and since when, and what its save must do to the one that was loaded. */
export class SessionIdentity {
  readonly #config: SessionConfig;
  readonly #stored: Partial<StoredState>;
  /** Whether the request's token opened a stored session, whatever became of that since. */
  readonly isLoaded: boolean;
  isNew: boolean;
  subject: string | undefined;
  authenticatedAt: number | undefined;
  pending: Pending = "none";
  /** Whether the handle is still the one that it came with. */
  #hasStoredId: boolean;
  #freshId: string | undefined;
  #createdAt: number | undefined;
  #freshSecret: string | undefined;
  /** Whether the session is to be stored with another secret than it came with. */
  #needsFreshSecret: boolean;

  /** @param stored Its handle and its secret are asked for when they are needed. */
  constructor(config: SessionConfig, stored: Partial<StoredState>, isLoaded: boolean) {
    this.#config = config;
    this.#stored = stored;
    this.isLoaded = isLoaded;
    this.isNew = !isLoaded;
    this.subject = stored.subject;
    this.authenticatedAt = stored.authenticatedAt;
    this.#createdAt = stored.createdAt;
    this.#hasStoredId = isLoaded;
    this.#needsFreshSecret = this.isNew;
  }

  /** The handle. A fresh one is made when it is first asked for. */
  get id(): string {
    const known = this.knownId;
    if (known !== undefined) return known;
    this.#freshId = this.#config.newHandle(this.isLoaded ? this.#stored.id : undefined);
    return this.#freshId;
  }

  /** The handle, if there is one yet. */
  get knownId(): string | undefined {
    return this.#hasStoredId ? this.#stored.id : this.#freshId;
  }

  replaceHandle(): void {
    this.#hasStoredId = false;
    this.#freshId = undefined;
  }

  get createdAt(): number {
    this.#createdAt ??= this.#config.clock();
    return this.#createdAt;
  }

  get expiresAt(): number {
    const { clock, timeline } = this.#config;
    return timeline.expiresAt(clock(), this.authenticatedAt ?? this.createdAt);
  }

  /** The anti-forgery secret that came with the request. */
  get storedSecret(): string | undefined {
    if (!this.isLoaded) return undefined;
    const { antiForgerySecret } = this.#stored;
    return isAntiForgerySecret(antiForgerySecret) ? antiForgerySecret : undefined;
  }

  /** The one to store with the session: a fresh one is made when it is first asked for. */
  get secret(): string | undefined {
    if (!this.#needsFreshSecret) return this.storedSecret;
    this.#freshSecret ??= newAntiForgerySecret(this.#config.random);
    return this.#freshSecret;
  }

  get state(): StoredState {
    const { id, subject, createdAt, authenticatedAt, secret } = this;
    return { id, subject, createdAt, authenticatedAt, antiForgerySecret: secret };
  }

  login(subject: string): void {
    this.subject = subject;
    this.authenticatedAt = this.#config.clock();
    this.replaceToken("login");
  }

  replaceToken(pending: "login" | "regenerate"): void {
    if (!this.#config.handleStays) this.replaceHandle();
    this.#replaceSecret();
    if (this.pending === "end") return;
    if (pending === "login" || this.pending === "none") this.pending = pending;
  }

  /** From here on it is a new stranger's. */
  end(): void {
    this.pending = this.isLoaded ? "end" : "none";
    this.isNew = true;
    this.replaceHandle();
    this.subject = undefined;
    this.#createdAt = undefined;
    this.authenticatedAt = undefined;
    this.#replaceSecret();
  }

  /** Takes back what the save would do, but an end. */
  discard(): void {
    this.subject = undefined;
    if (this.pending === "end") return;
    this.pending = "none";
    this.#needsFreshSecret = this.isNew;
  }

  #replaceSecret(): void {
    this.#freshSecret = undefined;
    this.#needsFreshSecret = true;
  }
}
