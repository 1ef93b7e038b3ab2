/** Compiles only if the type of the value is this one, no wider and no narrower. */
export declare function exactly<Expected>(): <Actual>(
  value: Actual,
  ...different: Same<Actual, Expected> extends true ? [] : [never]
) => void;

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
