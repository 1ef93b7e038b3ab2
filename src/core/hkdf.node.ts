import { hkdfSync } from "node:crypto";
import type { Hkdf } from "./hkdf.ts";

/** As `hkdf.ts`, by OpenSSL: nothing of another library need be loaded. */
export const hkdfSha256: Hkdf = (secret, salt, info, length) =>
  new Uint8Array(hkdfSync("sha256", secret, salt, info, length));
