export { applyChanges, type Change, type Contents } from "./core/changes.ts";
export type { Clock } from "./core/clock.ts";
export type { Codec } from "./core/codec.ts";
export type { CookieOptions, CookiePrefix } from "./core/cookie-options.ts";
export { type CookieTransportOptions, cookieTransport } from "./core/cookie-transport.ts";
export { SessionError, type SessionErrorCode } from "./core/errors.ts";
export type {
  EndReason,
  ForgeryEvent,
  OnEvent,
  RefusalReason,
  SessionEvent,
} from "./core/events.ts";
export type { SessionRequest, SessionResponse } from "./core/exchange.ts";
export { type HeaderTransportOptions, headerTransport } from "./core/header-transport.ts";
export type { Values } from "./core/json.ts";
export type { Limits } from "./core/limits.ts";
export { type MiddlewareOptions, SessionMiddleware } from "./core/middleware.ts";
export type { Eventually } from "./core/promises.ts";
export type { Random } from "./core/random.ts";
export type {
  RepositoryCapabilities,
  RepositoryContext,
  SessionRecord,
  SessionRepository,
  UpdateContext,
} from "./core/repository.ts";
export {
  type RepositoryRevocationOptions,
  repositoryRevocation,
} from "./core/repository-revocation.ts";
export type {
  RevocableSession,
  Revocation,
  RevocationContext,
  RevokeAllContext,
  RevokeContext,
} from "./core/revocation.ts";
export type { OnInvalid, SchemaOptions } from "./core/schema.ts";
export type { Opened, SealContext, Sealer } from "./core/sealer.ts";
export { type Secret, type SecretsFromEnvOptions, secretsFromEnv } from "./core/secrets.ts";
export type { Serializer } from "./core/serializer.ts";
export type { SessionSummary } from "./core/server/administration.ts";
export type { SubjectLimit } from "./core/server/context.ts";
export type { Conflict, OnConflict } from "./core/server/merge.ts";
export type { ServerSessionStoreOptions } from "./core/server/options.ts";
export { ServerSessionStore } from "./core/server-session-store.ts";
export { Session } from "./core/session.ts";
export {
  createSessionConfig,
  type SessionConfig,
  type SessionOptions,
} from "./core/session-config.ts";
export * from "./core/session-data.ts";
export type { LoginOptions, Pending, SessionState, StoredSession } from "./core/session-state.ts";
export { type SignOnlyOptions, signOnly } from "./core/sign-only-sealer.ts";
export type { StandardIssue, StandardResult, StandardSchema } from "./core/standard-schema.ts";
export type { SessionStore } from "./core/store.ts";
export type { SuiteSealerOptions } from "./core/suite-sealer.ts";
export { type Timeline, type TimeoutOptions, timeouts } from "./core/timeouts.ts";
export type { SessionTransport } from "./core/transport.ts";
export type { TransportOptions } from "./core/transports.ts";
export { type XaesSealerOptions, xaesSealer } from "./core/xaes-sealer.ts";
export { type XChaChaSealerOptions, xchachaSealer } from "./core/xchacha-sealer.ts";
export { CookieSessionStore, type CookieSessionStoreOptions } from "./stores/cookie.ts";
export {
  InMemorySessionStore,
  type InMemorySessionStoreOptions,
  MemorySessionRepository,
  type MemorySessionRepositoryOptions,
} from "./stores/memory.ts";
