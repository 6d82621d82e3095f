/** Waiting for a condition, never for a time: resolves as soon as it holds. The test's own timeout is the only limit. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let turns = 0; !(await condition()); turns++) {
    // Most conditions hold after a few turns of the event loop; one that waits for another process leaves it the processor.
    await new Promise<void>((resolve) => (turns < 1000 ? setImmediate(resolve) : setTimeout(resolve, 5)));
  }
}
