import type { RequestHandler } from "express";
import type { FastifyPluginCallback } from "fastify";
import type { MiddlewareHandler } from "hono";
import type Koa from "koa";

// What is used of the packages of bench/package.json. They are installed when npm run bench is first run, so types are
// checked without them; and some would change the types of the frameworks for the whole repository.

export interface FastifyCookie {
  readonly default: FastifyPluginCallback<object>;
}

export interface FastifySecureSession {
  readonly default: FastifyPluginCallback<{ key: Uint8Array; cookie: object }>;
}

export interface FastifySession {
  readonly default: FastifyPluginCallback<{
    secret: string;
    store?: object;
    saveUninitialized?: boolean;
    rolling?: boolean;
    cookie: object;
  }>;
}

export interface CookieSession {
  readonly default: (options: object) => RequestHandler;
}

export interface KoaSession {
  createSession(options: object, app: Koa): Koa.Middleware;
}

export interface HonoSession {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
}

export interface HonoSessions {
  readonly MemoryStore: new () => object;
  sessionMiddleware(options: {
    store: object;
    encryptionKey?: string;
    expireAfterSeconds?: number;
    autoExtendExpiration?: boolean;
    cookieOptions?: object;
  }): MiddlewareHandler<{ Variables: { session: HonoSession } }>;
}

export interface IronSession {
  getIronSession<Data extends object>(
    request: Request,
    headers: Headers,
    options: { cookieName: string; password: string; cookieOptions?: object },
  ): Promise<Partial<Data> & { save(): Promise<void> }>;
}

export interface Jose {
  readonly EncryptJWT: new (payload: object) => JoseEncryption;
  jwtDecrypt(token: string, key: CryptoKey): Promise<{ payload: Record<string, unknown> }>;
}

interface JoseEncryption {
  setProtectedHeader(header: { alg: string; enc: string }): this;
  setIssuedAt(): this;
  setExpirationTime(time: string): this;
  encrypt(key: CryptoKey): Promise<string>;
}

export interface ReactRouter {
  createCookieSessionStorage(options: { cookie: object }): ReactRouterStorage;
}

export interface ReactRouterSession {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
}

interface ReactRouterStorage {
  getSession(header: string | null): Promise<ReactRouterSession>;
  commitSession(session: ReactRouterSession): Promise<string>;
}

function from(name: string) {
  return import(name);
}

export const peers: {
  fastifyCookie(): Promise<FastifyCookie>;
  fastifySecureSession(): Promise<FastifySecureSession>;
  fastifySession(): Promise<FastifySession>;
  cookieSession(): Promise<CookieSession>;
  koaSession(): Promise<KoaSession>;
  honoSessions(): Promise<HonoSessions>;
  ironSession(): Promise<IronSession>;
  jose(): Promise<Jose>;
  reactRouter(): Promise<ReactRouter>;
} = {
  fastifyCookie: () => from("@fastify/cookie"),
  fastifySecureSession: () => from("@fastify/secure-session"),
  fastifySession: () => from("@fastify/session"),
  cookieSession: () => from("cookie-session"),
  koaSession: () => from("koa-session"),
  honoSessions: () => from("hono-sessions"),
  ironSession: () => from("iron-session"),
  jose: () => from("jose"),
  reactRouter: () => from("react-router"),
};
