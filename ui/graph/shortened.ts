/** Texts that have to fit into boxes. */

/**
 * Cuts what does not fit.
 * @param most characters that fit
 * @param where what is cut: the end of names; of places the start, since a file's name and line say more than its folders
 * @example shortened('jobs/deep/wordcount.ts:27:6', 19, 'start') // '…wordcount.ts:27:6'
 */
export function shortened(text: string, most: number, where: 'start' | 'end'): string {
  if (text.length <= most) return text;
  return where === 'end' ? `${text.slice(0, most - 1)}…` : `…${text.slice(text.length - most + 1)}`;
}
