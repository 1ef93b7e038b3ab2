export type { ForeignReason } from "../core/origins.ts";
export { formField, token } from "./form-tokens.ts";
export type { FrameAncestors } from "./framing.ts";
export type { Refusal } from "./guard.ts";
export {
  type AntiForgeryOptions,
  FIELD_NAME,
  HEADER_NAME,
  type LegacyPairs,
} from "./options.ts";
export {
  type AllowReason,
  type ForgeryReason,
  judge,
  type RequestFacts,
  type Verdict,
  type VerdictRules,
} from "./verdict.ts";
