import type { Session } from "keepsake";

declare module "keepsake" {
  interface SessionData {
    visits: number;
  }
}

declare global {
  namespace App {
    interface Locals {
      session: Session;
    }
  }
}
