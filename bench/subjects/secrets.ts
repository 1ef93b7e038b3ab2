import { randomBytes } from "node:crypto";

/** One secret for everybody: 32 random bytes, as text of 43 characters. */
export const SECRET: string = randomBytes(32).toString("base64url");
