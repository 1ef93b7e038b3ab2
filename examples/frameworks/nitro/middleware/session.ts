import { secretsFromEnv } from "keepsake";
import { sessions } from "keepsake/adapters/h3";

declare module "keepsake" {
  interface SessionData {
    visits: number;
  }
}

export default sessions(secretsFromEnv("APP_SECRET"));
