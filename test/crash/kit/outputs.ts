/** What came out of a scene's job, counted by body and by id. */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import { LINE_END } from './line-end.ts';

/** What became of the events. */
export interface Tally {
  readonly sent: number;
  /** Bodies that either output lacks. */
  readonly lost: readonly string[];
  /** Copies beyond the first in the output that is appended to. */
  readonly duplicated: number;
  /** The same in the output by saveAsTextFiles, by event id. */
  readonly duplicatedExactlyOnce: number;
  /** Ids that the exactly-once output does not have although the other one does. */
  readonly missingExactlyOnce: number;
  /** The count in the job's state. */
  readonly total: number;
  /** Distinct event ids in the outputs. */
  readonly distinct: number;
}

/** The outputs of job.ts in a directory. */
export class Outputs {
  readonly #directory: string;
  /** What `arrived` has read, and how far: it is asked again and again. */
  readonly #arrived = new Set<string>();
  #read = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Bodies in the output that is appended to. */
  arrived(): ReadonlySet<string> {
    const file = path.join(this.#directory, 'at-least-once');
    if (!existsSync(file)) return this.#arrived;
    const whole = Buffer.alloc(statSync(file).size - this.#read);
    const handle = openSync(file, 'r');
    readSync(handle, whole, 0, whole.length, this.#read);
    closeSync(handle);
    const end = whole.lastIndexOf('\n') + 1;
    this.#read += end;
    for (const [body] of wholeLinesOf(whole.toString('utf8', 0, end))) this.#arrived.add(body ?? '');
    return this.#arrived;
  }

  /** @param sent the bodies that were sent */
  tally(sent: readonly string[]): Tally {
    const appended = this.#appended();
    const saved = this.#saved();
    const appendedBodies = new Set(appended.map(([body]) => body));
    const savedBodies = new Set(saved.map(([body]) => body));
    const savedIds = idsOf(saved);
    const inSaved = new Set(savedIds);
    const distinct = new Set([...idsOf(appended), ...savedIds]);
    const total = path.join(this.#directory, 'total');
    return {
      sent: sent.length,
      lost: sent.filter((body) => !appendedBodies.has(body) || !savedBodies.has(body)),
      duplicated: appended.length - appendedBodies.size,
      duplicatedExactlyOnce: savedIds.length - inSaved.size,
      missingExactlyOnce: [...distinct].filter((id) => !inSaved.has(id)).length,
      total: existsSync(total) ? Number(readFileSync(total, 'utf8')) : 0,
      distinct: distinct.size,
    };
  }

  #appended(): string[][] {
    const file = path.join(this.#directory, 'at-least-once');
    if (!existsSync(file)) return [];
    const text = readFileSync(file, 'utf8');
    return wholeLinesOf(text.slice(0, text.lastIndexOf('\n') + 1));
  }

  #saved(): string[][] {
    const directory = path.join(this.#directory, 'exactly-once');
    return readdirSync(directory)
      .filter((name) => !name.startsWith('.'))
      .flatMap((name) => {
        const batch = path.join(directory, name);
        const parts = readdirSync(batch).filter((part) => part.startsWith('part-'));
        return parts.flatMap((part) => linesOf(readFileSync(path.join(batch, part), 'utf8')));
      });
  }
}

/** An event without an id is its body. */
function idsOf(lines: readonly string[][]): string[] {
  return lines.map(([body, id]) => (id === 'undefined' ? body : id) ?? '');
}

/** Lines of the output that is appended to, but for those that a kill has cut. */
function wholeLinesOf(text: string): string[][] {
  return linesOf(text).filter((words) => words.at(-1) === LINE_END);
}

function linesOf(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' '));
}
