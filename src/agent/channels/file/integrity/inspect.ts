/**
 * What lies in the directory of a file channel that nobody has open: which events are whole, which are damaged and how. It reads the
 * file by itself, not with lmdb, which a damaged page can kill together with its process.
 */
import path from 'node:path';
import { messageOf, StreamjobError, systemCodeOf } from '../../../../core/errors.ts';
import type { PlainEvent } from '../../../../core/event.ts';
import { fs } from '../../../../core/machine.ts';
import { textOf } from '../check.ts';
import { DATA } from '../create.ts';
import type { Keys } from '../keys/keys.ts';
import type { Meta } from '../pages/layout.ts';
import { hasKnownLayout, PageFile, readBegin } from '../pages/page-file.ts';
import { findRecords } from '../pages/tree.ts';
import { damageOf, decodeRecord, isEvent, keyMarkOf } from '../record.ts';

/**
 * A check of events by their content, as a module's default export.
 * @param parameters those of `-Dname=value`
 * @returns whether the event is to stay
 * @example export default ({ body }: PlainEvent): boolean => body.length > 0;
 */
export type EventValidator = (event: PlainEvent, parameters: Readonly<Record<string, string>>) => boolean;

/** How a directory is looked through. */
export interface InspectOptions {
  readonly keys: Keys;
  readonly validate?: (event: PlainEvent) => boolean;
}

/** A record that is damaged, by its number. */
export interface DamagedEvent {
  readonly event: number;
  readonly what: string;
}

/** What was found in a directory. */
export interface Inspection {
  readonly directory: string;
  /** Events that are in it, as its file notes. */
  readonly events: number;
  /** Events that are whole, with those that the validator refuses. */
  readonly whole: number;
  /** Encrypted events by the name of their key. */
  readonly encrypted: Readonly<Record<string, number>>;
  /** Encrypted events without their key: their bytes are whole, what is in them was not seen. */
  readonly locked: number;
  readonly damaged: readonly DamagedEvent[];
  /** Numbers of the events that the validator refuses. */
  readonly refused: readonly number[];
  /** Damaged pages, in words. */
  readonly pages: readonly string[];
  /** Events that are noted and cannot be found, because of damaged pages. */
  readonly lost: number;
  /** Whether the file could be read only as it was one commit before: what was taken last is there again, what was put last is not. */
  readonly isBefore: boolean;
  /** Where events are read from; undefined: there are none that could be. */
  readonly from: Meta | undefined;
}

/** Whether nothing is wrong. */
export function isClean({ damaged, pages, refused }: Inspection): boolean {
  return damaged.length === 0 && pages.length === 0 && refused.length === 0;
}

/**
 * Looks through a directory, which the caller has locked.
 * @throws StreamjobError FILE_NOT_FOUND, FILE_ACCESS, CONFIG_INVALID; what `validate` throws
 */
export async function inspect(directory: string, options: InspectOptions): Promise<Inspection> {
  const file = await openData(directory);
  if (file === undefined) return nothing(directory, []);
  try {
    if (!hasKnownLayout(file))
      return nothing(directory, ['page 0: it does not begin as the files of this version of lmdb']);
    const { before, faults, newest } = readBegin(file);
    const now = newest === undefined ? undefined : await read(file, newest, options);
    // One commit before is better than nothing, and nothing else.
    const old = now !== undefined && now.found > 0 ? undefined : await readBefore(file, before, now, options);
    const best = old ?? now;
    if (best === undefined) return nothing(directory, faults);
    const { found, result } = best;
    const pages = [...faults, ...(now?.result.pages ?? []), ...(old?.result.pages ?? [])];
    return { directory, ...result, pages, lost: Math.max(0, result.events - found), isBefore: old !== undefined };
  } finally {
    file.close();
  }
}

/** Where a file is read and nothing is lost by it. */
async function readBefore(
  file: PageFile,
  before: Meta | undefined,
  now: Read | undefined,
  options: InspectOptions,
): Promise<Read | undefined> {
  const isDamaged = now === undefined || now.result.pages.length > 0;
  if (before === undefined || !isDamaged) return undefined;
  const old = await read(file, before, options);
  return old.found > (now?.found ?? 0) ? old : undefined;
}

function nothing(directory: string, pages: readonly string[]): Inspection {
  return {
    directory,
    events: 0,
    whole: 0,
    encrypted: {},
    locked: 0,
    damaged: [],
    refused: [],
    pages,
    lost: 0,
    isBefore: false,
    from: undefined,
  };
}

interface Read {
  /** Records that were found, whole or not. */
  readonly found: number;
  readonly result: Omit<Inspection, 'directory' | 'lost' | 'isBefore'>;
}

async function read(file: PageFile, from: Meta, { keys, validate }: InspectOptions): Promise<Read> {
  const damaged: DamagedEvent[] = [];
  const refused: number[] = [];
  const pages: string[] = [];
  const encrypted = new Map<string, number>();
  let [locked, whole] = [0, 0];
  const { records } = await findRecords(file, from, {
    record(number, _, read) {
      const bytes = read();
      const damage = damageOf(number, bytes);
      const mark = damage === undefined ? keyMarkOf(bytes) : undefined;
      if (mark !== undefined) encrypted.set(mark.name, (encrypted.get(mark.name) ?? 0) + 1);
      const decoded = damage === undefined ? decodeRecord(number, bytes, keys) : { damage };
      if ('damage' in decoded) return void damaged.push({ event: number, what: decoded.damage });
      whole++;
      if (!isEvent(decoded)) locked++;
      else if (validate?.(decoded) === false) refused.push(number);
    },
    fault: (fault) => pages.push(`${textOf(fault)}${lostOf(fault.lost)}`),
  });
  const names = Object.fromEntries([...encrypted].sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    found: records,
    result: { events: from.records.records, whole, encrypted: names, locked, damaged, refused, pages, from },
  };
}

function lostOf(lost: readonly [number, number] | undefined): string {
  if (lost === undefined || lost[1] === lost[0] + 1) return '';
  const [from, to] = lost;
  return `; events from number ${from} ${Number.isFinite(to) ? `to ${to - 1}` : 'on'} may be lost`;
}

/**
 * The names in a directory that may be one of ours.
 * @throws StreamjobError FILE_NOT_FOUND, FILE_ACCESS, CONFIG_INVALID
 */
export async function namesIn(directory: string): Promise<readonly string[]> {
  let names: string[];
  try {
    names = await fs.readdir(directory);
  } catch (cause) {
    const isMissing = ['ENOENT', 'ENOTDIR'].includes(systemCodeOf(cause) ?? '');
    throw new StreamjobError(
      isMissing ? 'FILE_NOT_FOUND' : 'FILE_ACCESS',
      `${directory} cannot be read: ${messageOf(cause)}`,
      {
        where: directory,
        hint: "give the dataDirs of a file channel, or of a spillable memory channel, or a store_on_failure group's directory",
        cause,
      },
    );
  }
  if (names.some((name) => /^log-\d+$/.test(name))) {
    throw new StreamjobError(
      'CONFIG_INVALID',
      `${directory} holds the data of Flume's own file channel, which is not read here`,
      {
        where: directory,
        hint: 'use the tool of Flume: flume-ng tool FCINTEGRITYTOOL -l DIRECTORY',
      },
    );
  }
  return names;
}

/** The file of a directory; undefined: it is empty or not there. */
async function openData(directory: string): Promise<PageFile | undefined> {
  if (!(await namesIn(directory)).includes(DATA)) return undefined;
  const file = new PageFile(path.join(directory, DATA));
  if (file.bytes > 0) return file;
  file.close();
  return undefined;
}
