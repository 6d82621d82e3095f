/** A story with every step of the simulation between its lines. */

/**
 * @param story lines that begin with seconds, as of Story
 * @param steps lines that begin with ms, as of the trace
 * @returns both in the order of their times
 */
export function withSteps(story: readonly string[], steps: readonly string[]): string[] {
  const lines: string[] = [];
  let told = 0;
  for (const step of steps) {
    const at = Number.parseFloat(step);
    for (; told < story.length && Number.parseFloat(story[told] as string) * 1000 <= at; told++) {
      lines.push(story[told] as string);
    }
    lines.push(step);
  }
  return [...lines, ...story.slice(told)];
}
