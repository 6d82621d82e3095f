/**
 * Looks through a store before lmdb opens it: lmdb checks nothing of what it reads, and one wrong bit in a page can end the process at
 * each start. And it finds which keys the events need, so that a start without one of them is refused before an event is taken.
 */
import path from 'node:path';
import { StreamjobError } from '../../../core/errors.ts';
import { DATA } from './create.ts';
import { type KeyMark, type Keys, keyLacks } from './keys/keys.ts';
import { PageFile, readBegin } from './pages/page-file.ts';
import { type Fault, findRecords } from './pages/tree.ts';
import { damageOf, keyMarkOf } from './record.ts';

/** What stands before all else in a record. */
const CHECKSUM_BYTES = 4;
/** So many damaged places are named. */
const NAMED = 3;

/**
 * Looks through the file of a directory, whose format is known.
 * @param owner for errors, e.g. `channel c1`
 * @throws StreamjobError CHANNEL_CORRUPT, ENCRYPTION_KEY; errors of the system
 */
export async function checkStore(directory: string, owner: string, keys: Keys): Promise<void> {
  const file = new PageFile(path.join(directory, DATA));
  try {
    await checkPages(file, directory, owner, keys);
  } finally {
    file.close();
  }
}

async function checkPages(file: PageFile, directory: string, owner: string, keys: Keys): Promise<void> {
  const { faults, newest } = readBegin(file);
  const found: string[] = [...faults];
  const lacks = new Lacks(keys);
  if (newest !== undefined) {
    await findRecords(file, newest, {
      record: (number, head, whole) => lacks.see(number, head, whole),
      fault: (fault) => found.push(textOf(fault)),
    });
  }
  if (found.length > 0) throw damagedPages(directory, found);
  lacks.throwIfAny(owner);
}

/** A damaged place in words. */
export function textOf({ page, what }: Fault): string {
  return `page ${page}: ${what}`;
}

function damagedPages(directory: string, found: readonly string[]): StreamjobError {
  const more = found.length > NAMED ? `; and ${found.length - NAMED} more` : '';
  return new StreamjobError(
    'CHANNEL_CORRUPT',
    `${path.join(directory, DATA)} is damaged: ${found.slice(0, NAMED).join('; ')}${more}`,
    {
      where: directory,
      hint: `see what can be read with: streamjob tool fcintegrity -l ${directory}; with --repair it keeps that and puts the damaged file aside. Then check the disk`,
    },
  );
}

/** Which keys are wanted and not there. */
class Lacks {
  readonly #keys: Keys;
  readonly #events = new Map<string, { readonly mark: KeyMark; events: number }>();
  /** How a record begins whose key is there, behind its checksum: nearly all of them begin as the one before. */
  #there: Buffer | undefined;

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  see(number: number, head: Buffer, whole: () => Buffer): void {
    if (this.#there?.equals(head.subarray(CHECKSUM_BYTES, CHECKSUM_BYTES + this.#there.length)) === true) return;
    const mark = keyMarkOf(head);
    if (mark === undefined) return;
    if (typeof this.#keys.of(mark) !== 'string') {
      const { byteOffset, length } = mark.check;
      this.#there = Buffer.from(head.subarray(CHECKSUM_BYTES, byteOffset + length - head.byteOffset));
      return;
    }
    // The name of a damaged record is nothing to ask a key for.
    if (damageOf(number, whole()) !== undefined) return;
    const lack = this.#events.get(mark.name) ?? { mark: copyOf(mark), events: 0 };
    lack.events++;
    this.#events.set(mark.name, lack);
  }

  /** @throws StreamjobError ENCRYPTION_KEY for the key that most events need */
  throwIfAny(owner: string): void {
    const [most] = [...this.#events].sort(([, a], [, b]) => b.events - a.events);
    if (most === undefined) return;
    const [name, { events, mark }] = most;
    const lack = this.#keys.of(mark);
    throw keyLacks(owner, name, lack === 'other' ? 'other' : 'missing', events);
  }
}

function copyOf({ check, name, salt }: KeyMark): KeyMark {
  return { name, salt: Buffer.from(salt), check: Buffer.from(check) };
}
