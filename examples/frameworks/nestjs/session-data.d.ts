import "keepsake";

declare module "keepsake" {
  interface SessionData {
    visits: number;
  }
}
