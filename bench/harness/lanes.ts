/** So many requests are under way at a time. */
export const IN_FLIGHT = 32;

/** Does something so many times, `IN_FLIGHT` at a time. */
export async function inLanes(
  count: number,
  act: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const index = next;
      next += 1;
      await act(index);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

/** The processor time of this process for each time that something is done, in microseconds. */
export async function processorTime(
  count: number,
  act: (index: number) => Promise<unknown>,
): Promise<number> {
  const before = process.cpuUsage();
  await inLanes(count, act);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}
