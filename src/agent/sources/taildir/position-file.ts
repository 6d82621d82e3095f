/**
 * The position file: a JSON array of {inode, pos, file}, just as Flume writes and reads it. Flume fails at any further key of an entry,
 * so that the fingerprints are in a file beside it, by entry: that of the positions as they are, and of those that the
 * position file had before, as a kill can come between the two. Where there is no fingerprint Flume's rule holds.
 */
import path from 'node:path';
import { systemCodeOf } from '../../../core/errors.ts';
import { nodeFiles } from '../../../core/files.ts';
import { fs } from '../../../core/machine.ts';
import type { Position } from './tail.ts';

const FINGERPRINTS = '.fingerprints';

/** What a position file held. */
export interface Stored {
  readonly positions: readonly Position[];
  /** What is wrong with it, for people; undefined: nothing. */
  readonly damage: string | undefined;
}

/** The position file and the one beside it. */
export class PositionFile {
  readonly path: string;
  /** The positions that the file holds, by their keys. */
  #held: ReadonlyMap<string, Position> = new Map();

  /** @param path of the position file, absolute */
  constructor(path: string) {
    this.path = path;
  }

  /** The paths of all files that it is made of. */
  get paths(): ReadonlySet<string> {
    const both = [this.path, this.path + FINGERPRINTS];
    return new Set([...both, ...both.map(freshOf)]);
  }

  /** Reads it; nothing when it does not exist. @throws system errors of one that cannot be read */
  async read(): Promise<Stored> {
    const text = await textOf(this.path);
    if (text === undefined) return { positions: [], damage: undefined };
    const { entries, damage } = entriesOf(text);
    // A damaged one only means that fewer positions have a fingerprint.
    const prints = entriesOf((await textOf(this.path + FINGERPRINTS)) ?? '').entries.map(positionOf);
    const known = byKey(prints.filter((one) => one !== undefined));
    const plain = entries.map(positionOf).filter((one) => one !== undefined);
    const positions = plain.map((position) => known.get(keyOf(position)) ?? position);
    this.#held = byKey(positions);
    const wrong = entries.length - positions.length;
    return { positions, damage: damage ?? (wrong > 0 ? `${wrong} of its entries are none of Flume's` : undefined) };
  }

  /**
   * Writes it so that a kill or a power cut finds the old one or the new one, whole. Only one call at a time.
   * @throws system errors
   */
  async write(positions: readonly Position[]): Promise<void> {
    const now = byKey(positions);
    const prints = [...new Map([...this.#held, ...now]).values()].filter(
      ({ fingerprint }) => fingerprint !== undefined,
    );
    const directory = path.dirname(this.path);
    await replace(this.path + FINGERPRINTS, prints.map(printOf));
    // A power cut must not leave the new positions without their fingerprints.
    await nodeFiles.syncDirectory(directory);
    await replace(
      this.path,
      positions.map((position) => `{${flumeOf(position)}}`),
    );
    await nodeFiles.syncDirectory(directory);
    this.#held = now;
  }
}

function byKey(positions: readonly Position[]): Map<string, Position> {
  return new Map(positions.map((position) => [keyOf(position), position]));
}

function keyOf({ inode, pos, file }: Position): string {
  return `${inode}:${pos}:${file}`;
}

function flumeOf({ inode, pos, file }: Position): string {
  return `"inode":${inode},"pos":${pos},"file":${JSON.stringify(file)}`;
}

function printOf(position: Position): string {
  const { fingerprint, bornNs } = position;
  return `{${flumeOf(position)},"fingerprint":${JSON.stringify(fingerprint)},"born":"${bornNs ?? ''}"}`;
}

/** Where the file that is to replace another is written. */
function freshOf(file: string): string {
  return `${file}.new`;
}

/** A new file with these entries takes the place of the old one. */
async function replace(file: string, entries: readonly string[]): Promise<void> {
  const fresh = freshOf(file);
  const handle = await fs.open(fresh, 'w');
  try {
    await handle.writeFile(`[${entries.join(',')}]`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await fs.rename(fresh, file);
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await fs.readFile(file, 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

type Entry = Readonly<Record<string, unknown>>;

/** All entries of the array that are whole: a Flume that was killed, or whose disk was full, leaves a part of the file. */
function entriesOf(text: string): { readonly entries: Entry[]; readonly damage: string | undefined } {
  const whole = parsed(text);
  if (Array.isArray(whole)) return { entries: whole.filter(isEntry), damage: undefined };
  const parts = text.match(/\{(?:"(?:[^"\\]|\\.)*"|[^{}"])*\}/g) ?? [];
  const entries = parts.map(parsed).filter(isEntry);
  const damage =
    text.trim() === '' ? 'it is empty' : `it is no JSON array, and only ${entries.length} of its entries are whole`;
  return { entries, damage };
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null;
}

/** Inodes have up to 64 bits, more than a number of JavaScript: their digits are made a text first. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replace(/("inode"\s*:\s*)(\d+)/g, '$1"$2"'));
  } catch {
    return undefined;
  }
}

function positionOf({ inode, pos, file, fingerprint, born }: Entry): Position | undefined {
  if (typeof inode !== 'string' || typeof pos !== 'number' || typeof file !== 'string') return undefined;
  if (!/^\d{1,20}$/.test(inode) || !Number.isSafeInteger(pos) || pos < 0) return undefined;
  return {
    inode: BigInt(inode),
    pos,
    file,
    fingerprint: typeof fingerprint === 'string' ? fingerprint : undefined,
    bornNs: typeof born === 'string' && /^\d{1,20}$/.test(born) ? BigInt(born) : undefined,
  };
}
