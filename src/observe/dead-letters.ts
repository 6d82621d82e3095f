/**
 * The dead letters of a job for its page: the newest lines of the file (flow/output/dead-letters.ts writes it), grouped by what was thrown
 * where. The file is read when somebody asks, no more of it than its last megabyte.
 */
import { fs } from '../core/machine.ts';

/** Values that one operator left out for one reason. */
export interface DeadLetterGroup {
  readonly operator: string;
  /** The user's line, as file:line:column. */
  readonly site: string | null;
  readonly message: string;
  /** How many of what was read. */
  readonly values: number;
  /** The time of the batch of the newest, in ms since the epoch. */
  readonly lastTime: number;
  /** The newest values (an event with its headers and its body) as JSON, cut where they are long. */
  readonly examples: readonly string[];
}

/** What was read. */
export interface DeadLettersRead {
  readonly file: string | null;
  /** Whether there are older ones that were not read. */
  readonly isCut: boolean;
  /** The group with the newest first. */
  readonly groups: readonly DeadLetterGroup[];
}

const MOST_BYTES = 1024 * 1024;
const EXAMPLES = 3;
const MOST_CHARACTERS = 2000;

interface Line {
  readonly time: number;
  readonly operator: string;
  readonly site: string | undefined;
  readonly message: string;
  readonly value: string;
}

/** @param file undefined: nothing was left out in this run */
export async function readDeadLetters(file: string | undefined): Promise<DeadLettersRead> {
  if (file === undefined) return { file: null, isCut: false, groups: [] };
  const { isCut, text } = await endOf(file);
  const groups = new Map<string, DeadLetterGroup>();
  for (const line of text.split('\n').map(parse)) {
    if (line === undefined) continue;
    const { message, operator, site = null, time, value } = line;
    const key = JSON.stringify([operator, site, message]);
    const { examples = [], values = 0 } = groups.get(key) ?? {};
    groups.delete(key);
    groups.set(key, {
      ...{ operator, site, message, values: values + 1, lastTime: time },
      examples: [value, ...examples].slice(0, EXAMPLES),
    });
  }
  return { file, isCut, groups: [...groups.values()].reverse() };
}

/** The last whole lines of a file; none where it cannot be read. */
async function endOf(file: string): Promise<{ readonly text: string; readonly isCut: boolean }> {
  try {
    const handle = await fs.open(file, 'r');
    try {
      const { size } = await handle.stat();
      const from = Math.max(0, size - MOST_BYTES);
      const bytes = Buffer.alloc(size - from);
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, from);
      const text = bytes.toString('utf8', 0, bytesRead);
      return { text: from === 0 ? text : text.slice(text.indexOf('\n') + 1), isCut: from > 0 };
    } finally {
      await handle.close();
    }
  } catch {
    return { text: '', isCut: false };
  }
}

function parse(text: string): Line | undefined {
  try {
    const { error, event, operator, time, where } = JSON.parse(text) as Record<string, unknown>;
    const { message } = (error ?? {}) as Record<string, unknown>;
    if (typeof time !== 'number') return undefined;
    const shown = JSON.stringify(event) ?? '';
    return {
      time,
      operator: String(operator),
      site: typeof where === 'string' ? where : undefined,
      message: String(message),
      value: shown.length > MOST_CHARACTERS ? `${shown.slice(0, MOST_CHARACTERS)}…` : shown,
    };
  } catch {
    return undefined;
  }
}
