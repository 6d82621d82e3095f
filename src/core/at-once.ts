/** Many things of which only some are done at a time. */

/** Runs something for each, `most` at a time. @throws what the first that fails throws */
export async function atOnce<T>(most: number, all: readonly T[], run: (each: T) => Promise<void>): Promise<void> {
  const left = all.values();
  const one = async (): Promise<void> => {
    for (const each of left) await run(each);
  };
  await Promise.all(Array.from({ length: Math.min(most, all.length) }, one));
}
