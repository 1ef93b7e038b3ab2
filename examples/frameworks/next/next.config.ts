import { fileURLToPath } from "node:url";
import type { NextConfig } from "next";

const config: NextConfig = {
  // Where keepsake lies outside of the application, because this is an example of it.
  turbopack: { root: fileURLToPath(new URL("../../..", import.meta.url)) },
};
export default config;
