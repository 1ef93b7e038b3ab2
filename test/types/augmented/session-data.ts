import "keepsake";

declare module "keepsake" {
  interface SessionData {
    count: number;
    cart?: string[];
    theme: "light" | "dark";
  }
}
