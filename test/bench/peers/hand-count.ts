/** A process that counts the words of files by a hand-written loop: what is asked of it is how many of the files. Its answer: how many words there were. */
import { readFileSync } from 'node:fs';

const NEWLINE = 10;

/** The lines of a file, as the bytes that an event would have. */
function linesOf(file: string): Buffer[] {
  const bytes = readFileSync(file);
  const lines: Buffer[] = [];
  let from = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, from)) {
    lines.push(bytes.subarray(from, at));
    from = at + 1;
  }
  return lines;
}

const files = process.argv.slice(2).map(linesOf);

process.on('message', ([from, upTo]: readonly [number, number]) => {
  const counts = new Map<string, number>();
  for (const lines of files.slice(from, upTo)) {
    for (const line of lines) {
      for (const word of line.toString().split(' ')) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  let words = 0;
  for (const count of counts.values()) words += count;
  process.send?.(words);
});
