/** The words of a batch that a cluster counts, once as Flume events in Avro and once as lines of text, in the same storage. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { StoredEvents } from '../../../src/avro/stored-events.ts';
import { encodeLong } from '../../../src/avro/writer.ts';
import { crc32c } from '../../../src/core/crc32c.ts';
import { random } from '../load/frames.ts';

/** Sizes of a batch. */
export interface Words {
  readonly lines: number;
  readonly wordsPerLine: number;
  /** Different words; the n-th is 1/n as frequent as the first. */
  readonly vocabulary: number;
  /** In how many files and blocks they lie. */
  readonly files: number;
}

/** A batch in its storage. */
export interface StoredWords {
  /** A directory of text files. */
  readonly text: string;
  readonly blocks: readonly StoredEvents[];
  /** How many words there are. */
  readonly words: number;
}

/** Writes a batch below a directory. */
export function storeWords(directory: string, { files, lines, vocabulary, wordsPerLine }: Words): StoredWords {
  const word = zipf(vocabulary);
  const text = path.join(directory, 'text');
  const events = path.join(directory, 'events');
  for (const each of [text, events]) mkdirSync(each, { recursive: true });
  const blocks = Array.from({ length: files }, (_, file) => {
    const count = Math.floor(((file + 1) * lines) / files) - Math.floor((file * lines) / files);
    const bodies = Array.from({ length: count }, () => Array.from({ length: wordsPerLine }, word).join(' '));
    writeFileSync(path.join(text, `part-${file}.txt`), `${bodies.join('\n')}\n`);
    return storedEvents(path.join(events, `part-${file}`), bodies);
  });
  return { text, blocks, words: lines * wordsPerLine };
}

/** Writes events without headers behind each other. */
export function storedEvents(file: string, bodies: readonly string[]): StoredEvents {
  const bytes = Buffer.concat(
    bodies.flatMap((text) => {
      const body = Buffer.from(text);
      return [Buffer.of(0), encodeLong(body.length), body];
    }),
  );
  writeFileSync(file, bytes);
  const [length, count] = [bytes.length, bodies.length];
  return new StoredEvents({ path: file, offset: 0, length, count, crc: crc32c(bytes), crc32: crc32(bytes) });
}

/** Words by Zipf's law, the same ones each time. */
function zipf(vocabulary: number): () => string {
  const next = random(1);
  const upTo = new Float64Array(vocabulary);
  let sum = 0;
  for (let rank = 0; rank < vocabulary; rank++) {
    sum += 1 / (rank + 1);
    upTo[rank] = sum;
  }
  return () => {
    const wanted = next() * sum;
    let [low, high] = [0, vocabulary - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((upTo[middle] as number) < wanted) low = middle + 1;
      else high = middle;
    }
    return `word${low}`;
  };
}
