import { generateKeyPairSync, sign } from "node:crypto";

// A certificate for a server on loopback (RFC 5280 4.1), which Node has nothing to make with.

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;

const COMMON_NAME = Buffer.from("0603550403", "hex");
const ECDSA_WITH_SHA256 = Buffer.from("300a06082a8648ce3d040302", "hex");

export interface Certificate {
  /** As PEM. */
  readonly key: string;
  /** As PEM. */
  readonly cert: string;
}

/** A new key, and a certificate that it has signed itself. Nobody trusts it who was not told to. */
export function makeCertificate(commonName: string): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const name = der(
    SEQUENCE,
    der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8_STRING, Buffer.from(commonName)))),
  );
  const validity = der(SEQUENCE, time("260101000000Z"), time("491231235959Z"));
  const key = publicKey.export({ type: "spki", format: "der" });
  const serial = der(INTEGER, Buffer.of(1));
  const signed = der(SEQUENCE, serial, ECDSA_WITH_SHA256, name, validity, name, key);
  const signature = sign("sha256", signed, privateKey);
  const certificate = der(
    SEQUENCE,
    signed,
    ECDSA_WITH_SHA256,
    der(BIT_STRING, Buffer.of(0), signature),
  );
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString("base64")}\n-----END CERTIFICATE-----\n`,
  };
}

function time(text: string): Buffer {
  return der(UTC_TIME, Buffer.from(text));
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag, ...derLength(content.length)), content]);
}

function derLength(length: number): readonly number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}
