/** The one way to wait in these tests: for a condition, with a name for what did not come. */

const POLL_MS = 50;
/** Generous: a JVM that starts while two others work takes its time. Nothing is asserted about how long it took. */
const LIMIT_MS = 90_000;

/**
 * Asks until `condition` gives something other than false or undefined, and gives that.
 * @param what as in "gave up waiting until WHAT"
 * @throws what the condition threw, or when it has not come in 90 s
 */
export async function until<T>(condition: () => T | Promise<T>, what: string): Promise<Exclude<T, false | undefined>> {
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== undefined) return value as Exclude<T, false | undefined>;
    if (Date.now() > deadline) throw new Error(`gave up waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
