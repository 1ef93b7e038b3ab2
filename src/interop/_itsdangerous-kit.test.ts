/** What the tests of this folder share: the vectors, and the other side's half of each format. */

import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { CookieSessionStore, type CookieSessionStoreOptions, type Sealer } from "keepsake";
import {
  blacksheepSealer,
  flaskSealer,
  type ItsdangerousOptions,
  starletteSealer,
} from "keepsake/interop/itsdangerous";
import { utf8 } from "../core/bytes.ts";
import { type Any, Jar, recorder, SECRET, Time, Visitor } from "../core/kit.test.ts";
import { BLACKSHEEP, FLASK, type Format, STARLETTE } from "./_itsdangerous-formats.ts";
import { layOut } from "./_itsdangerous-json.ts";
import { createSigner } from "./_itsdangerous-signer.ts";

/** As test/vectors has them, written by Python. */
export interface Vector {
  readonly secret: string;
  readonly oldSecret: string;
  readonly time: number;
  readonly text: string;
  readonly blacksheep: string;
  readonly blacksheepRotated: string;
  readonly blacksheepOld: string;
  readonly starlette: string;
  readonly flask: string;
  /** BlackSheep's pair. */
  readonly antiforgery: {
    readonly secret: string;
    readonly cookie: string;
    readonly control: string;
  };
}

export const VECTORS: readonly Vector[] = JSON.parse(
  readFileSync(new URL("../../test/vectors/itsdangerous.json", import.meta.url), "utf8"),
);

export type Name = "blacksheep" | "starlette" | "flask";

/** One of the three, with what the tests need to play its other side. */
export interface Side {
  readonly name: Name;
  readonly sealer: (secret: string | readonly string[], options?: ItsdangerousOptions) => Sealer;
  readonly format: Format;
}

export const SIDES: readonly Side[] = [
  { name: "blacksheep", sealer: blacksheepSealer, format: BLACKSHEEP },
  { name: "starlette", sealer: starletteSealer, format: STARLETTE },
  { name: "flask", sealer: flaskSealer, format: FLASK },
];

/** A cookie as the Python side writes it. */
export function pythonWrites(
  { format }: Side,
  secret: string,
  json: string,
  seconds: number,
): string {
  return signerOf(format, secret).sign(format.encode(layOut(json, format.style)), seconds);
}

/** The JSON that the Python side reads. */
export function pythonReads({ format }: Side, secret: string, token: string): string | undefined {
  const signed = signerOf(format, secret).unsign(token);
  return signed && format.decode(signed.value, 1_000_000);
}

/** Any value, signed as the Python side signs. */
export function pythonSigns(
  { format }: Side,
  secret: string,
  value: string,
  seconds: number,
): string {
  return signerOf(format, secret).sign(value, seconds);
}

/** A signature over any text at all, also over what has no good timestamp; made without the library. */
export function pythonSignsText({ format }: Side, secret: string, text: string): string {
  const key =
    format.derivation === "hmac"
      ? createHmac("sha1", secret).update(format.salt).digest()
      : createHash("sha1").update(`${format.salt}signer${secret}`).digest();
  return `${text}.${createHmac("sha1", key).update(text).digest("base64url")}`;
}

function signerOf(format: Format, secret: string) {
  return createSigner([secret], utf8(format.salt), format.derivation);
}

const HOUR = 3600;

/** A visitor of two services, and their clock. */
export class Scene {
  readonly time = new Time();
  readonly jar = new Jar(undefined, this.time.clock);
  readonly events: Any[] = [];
  readonly #side: Side;

  constructor(side: Side) {
    this.#side = side;
  }

  /** The service that is made with keepsake. */
  here(options: CookieSessionStoreOptions = {}): Visitor {
    const { events, onEvent } = recorder();
    const store = new CookieSessionStore<Any>({
      sealer: this.#side.sealer(SECRET),
      cookie: { name: "session", prefix: "none" },
      clock: this.time.clock,
      idleTimeout: HOUR,
      absoluteTimeout: 10 * HOUR,
      onEvent: (event) => {
        onEvent(event);
        this.events.push(...events.splice(0));
      },
      ...options,
    });
    return new Visitor(store, this.jar);
  }

  /** The service in Python: reads its cookie, changes what it found, and signs that. */
  there(change: (values: Any) => Any, secret = SECRET): void {
    const cookie = this.jar.value("session");
    const json = cookie === undefined ? "{}" : pythonReads(this.#side, secret, cookie);
    assert.ok(json, "Python cannot read the cookie");
    const values = JSON.parse(json);
    const changed = change(values) ?? values;
    const seconds = Math.floor(this.time.now / 1000);
    const written = pythonWrites(this.#side, secret, JSON.stringify(changed), seconds);
    this.jar.store(`session=${written}; Path=/; HttpOnly; Secure; SameSite=Lax`);
  }
}
