/** What may have to be waited for. */
export type Eventually<Result> = Result | Promise<Result>;

/** Goes on at once where there is nothing to wait for. Any object with a `then` is waited for, as `await` does. */
export function andThen<Result, Next>(
  result: Result | PromiseLike<Result>,
  next: (result: Result) => Eventually<Next>,
): Eventually<Next> {
  return isThenable(result) ? Promise.resolve(result).then(next) : next(result);
}

/** Gives what `act` gives or, where that throws, at once or later, what `fail` makes of the error. */
export function orElse<Result>(
  act: () => Result | PromiseLike<Result>,
  fail: (error: unknown) => Eventually<Result>,
): Eventually<Result> {
  try {
    const result = act();
    return isThenable(result) ? Promise.resolve(result).catch(fail) : result;
  } catch (error) {
    return fail(error);
  }
}

/** Does `last` when `act` is over, at once or later, however that went. */
export function inAnyCase<Result>(
  act: () => Eventually<Result>,
  last: () => void,
): Eventually<Result> {
  let result: Eventually<Result>;
  try {
    result = act();
  } catch (error) {
    last();
    throw error;
  }
  if (isThenable(result)) return Promise.resolve(result).finally(last);
  last();
  return result;
}

export function isThenable<Result>(
  value: Result | PromiseLike<Result>,
): value is PromiseLike<Result> {
  return (
    typeof value === "object" &&
    value !== null &&
    "then" in value &&
    typeof value.then === "function"
  );
}
