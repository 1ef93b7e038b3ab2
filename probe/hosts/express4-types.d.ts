/** Express 4 is used here as Express 5 is, and its own types would clash with those of 5. */
declare module "express4" {
  export { default } from "express";
}
