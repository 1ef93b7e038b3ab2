/** So many times as long as a step took. */
const SHARE = 4;
/** Milliseconds: a sweep of some dozen steps has an answer within the time limit of a store. */
const LONGEST = 20;

/** Leaves most of the time to others after a step of a sweep, and more where the step was slow, as on a disk that is busy. */
export function rest(startedAt: number): Promise<void> {
  const pause = Math.min((performance.now() - startedAt) * SHARE, LONGEST);
  return new Promise((resolve) => setTimeout(resolve, pause));
}
