/** Compares what a block wrote with what its page shows. */

/**
 * What a page shows as a pattern: `…` stands for any text within a line, a line that is only `…` for any lines, also none.
 * @param whole whether nothing may stand before and behind it
 */
export function patternOf(shown: string, whole: boolean): RegExp {
  const lines = shown.trimEnd().split('\n').map(patternOfLine);
  const pattern = lines.join('').replace(/\n$/, '');
  return whole ? new RegExp(`^${pattern}\\s*$`) : new RegExp(`(?:^|\n)${pattern}(?:\n|$)`);
}

function patternOfLine(line: string): string {
  if (line === '…') return '(?:.*\n)*?';
  const escaped = line.trimEnd().replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return `${escaped.replaceAll('…', '.*')} *\n`;
}

/** A job that prints shows the batches without data, too: how many come before the data depends on the clock. */
const EMPTY_BATCH = /-{43}\nTime: .* ms.*\n-{43}\n\n/g;

/**
 * @param what what wrote it, for the message
 * @throws Error with both texts where they differ
 */
export function compare(what: string, written: string, shown: string): void {
  const text = (written.endsWith('\n') ? written : `${written}\n`).replace(EMPTY_BATCH, '');
  // A last line that is `…` stands for lines that may end with the text.
  if ([text, text.trimEnd()].some((each) => patternOf(shown, true).test(each))) return;
  throw new Error(`${what}: the page shows\n${indented(shown)}\nand it wrote\n${indented(written)}`);
}

/** A text in a message. */
export function indented(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `  | ${line}`)
    .join('\n');
}
