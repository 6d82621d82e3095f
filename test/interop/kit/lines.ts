/** Input for spooldir sources: files of lines, each with an id of its own and some words. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const WORDS = ['flume', 'channel', 'sink', 'batch', 'ü', 'ack', 'commit'];

/** Lines, and what is to be counted in them. */
export interface Lines {
  readonly lines: readonly string[];
  readonly ids: readonly string[];
  /** How often each word occurs. */
  readonly words: ReadonlyMap<string, number>;
}

/** `count` lines: an id that begins with `prefix`, and one to four words. */
export function makeLines(prefix: string, count: number): Lines {
  const lines: string[] = [];
  const ids: string[] = [];
  const words = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const id = `${prefix}-${i}`;
    const own = Array.from({ length: 1 + (i % 4) }, (_, w) => WORDS[(i * 3 + w * 5) % WORDS.length] as string);
    for (const word of own) words.set(word, (words.get(word) ?? 0) + 1);
    ids.push(id);
    lines.push(`${id} ${own.join(' ')}`);
  }
  return { lines, ids, words };
}

/** The id of a line. */
export function idOf(line: string): string {
  return line.split(' ', 1)[0] as string;
}

/** Puts lines as one file before a spooldir source whose directory is `work`/spool: in one step, for it must not change there. */
export function spool(work: string, name: string, { lines }: Lines): void {
  const directory = path.join(work, 'spool');
  mkdirSync(directory, { recursive: true });
  const beside = path.join(work, `.${name}`);
  writeFileSync(beside, `${lines.join('\n')}\n`);
  renameSync(beside, path.join(directory, name));
}
