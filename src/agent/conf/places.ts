/**
 * Where the text of an agent comes from: files and URIs (`file:`, `http:`, `https:`). What was read last can be kept in a directory, for
 * the time when a place cannot be read.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf, StreamjobError, systemCodeOf } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { fs, timeoutSignal } from '../../core/machine.ts';
import { formatProperties, parseProperties } from './properties.ts';
import type { ConfText } from './read-files.ts';

/** How long a server may take for a file, in ms. */
const FETCH_TIMEOUT_MS = 30_000;
/** What Flume refuses, since some of its readers take such files for what they are not. */
const OTHER_FORMATS = ['.json', '.yaml', '.yml', '.xml'];

/** Where what was read last is kept. */
export interface Backup {
  readonly directory: string;
  /** The agent, whose name the file has: `.a1.properties`. */
  readonly agent: string;
}

/**
 * Reads all places. With a backup, what was read is written there; and it is read from there, with a warning, when a place cannot be.
 * @param places paths and URIs
 * @throws StreamjobError FILE_NOT_FOUND, FILE_ACCESS, CONNECT_FAILED (a server), CONFIG_INVALID (a URI that is none of those)
 * @example await readPlaces(['/etc/flume.conf', 'https://conf.example/more.conf'])
 */
export async function readPlaces(
  places: readonly string[],
  backup?: Backup | undefined,
  log?: Pick<Log, 'warn'> | undefined,
): Promise<ConfText[]> {
  for (const place of places) refuseOthers(place);
  const kept = backup === undefined ? undefined : fileOf(backup);
  let texts: ConfText[];
  try {
    texts = await Promise.all(places.map(readPlace));
  } catch (error) {
    const before = kept === undefined ? undefined : await fs.readFile(kept, 'utf8').catch(() => undefined);
    if (kept === undefined || before === undefined) throw error;
    log?.warn({ cause: messageOf(error) }, `${messageOf(error)}; what was read last is used: ${kept}`);
    return [{ file: kept, text: before }];
  }
  if (backup !== undefined) await keepTexts(backup, texts, log);
  return texts;
}

async function readPlace(place: string): Promise<ConfText> {
  return { file: place, text: isServer(place) ? await fetchText(place) : await readText(place) };
}

/** Whether a place is asked for over the network. */
export function isServer(place: string): boolean {
  return /^https?:/i.test(place);
}

function refuseOthers(place: string): void {
  const scheme = /^([a-z][a-z0-9+.-]+):\//i.exec(place)?.[1]?.toLowerCase();
  if (scheme !== undefined && !['file', 'http', 'https'].includes(scheme)) {
    const reason = scheme === 'classpath' ? 'there is no class path here' : 'expected file:, http: or https:';
    throw new StreamjobError('CONFIG_INVALID', `${place} cannot be read: ${reason}`, {
      where: place,
      hint: 'give the path of a flume.conf',
    });
  }
  const extension = path.extname(place).toLowerCase();
  if (!OTHER_FORMATS.includes(extension)) return;
  throw new StreamjobError('CONFIG_INVALID', `${place} is no flume.conf: files of the type ${extension} are refused`, {
    where: place,
    hint: 'write the properties as lines of KEY = VALUE',
  });
}

async function readText(place: string): Promise<string> {
  try {
    return await fs.readFile(/^file:/i.test(place) ? fileURLToPath(place) : place, 'utf8');
  } catch (cause) {
    const missing = systemCodeOf(cause) === 'ENOENT';
    throw new StreamjobError(
      missing ? 'FILE_NOT_FOUND' : 'FILE_ACCESS',
      `cannot read the agent's file ${place}: ${missing ? 'it does not exist' : messageOf(cause)}`,
      { where: place, hint: 'give the path of a flume.conf', cause },
    );
  }
}

async function fetchText(uri: string): Promise<string> {
  const { signal, end } = timeoutSignal(FETCH_TIMEOUT_MS);
  try {
    const answer = await fetch(uri, { signal });
    if (!answer.ok) throw new Error(`the server answered ${answer.status} ${answer.statusText}`.trim());
    return await answer.text();
  } catch (cause) {
    const reason = cause instanceof Error && cause.cause !== undefined ? messageOf(cause.cause) : messageOf(cause);
    throw new StreamjobError('CONNECT_FAILED', `cannot read the agent's file ${uri}: ${reason}`, {
      where: uri,
      hint: 'see whether the server has it',
      cause,
    });
  } finally {
    end();
  }
}

function fileOf({ directory, agent }: Backup): string {
  return path.join(directory, `.${agent}.properties`);
}

/**
 * Keeps what was read. It is written beside and renamed, so that a kill leaves the one before; and readable for its owner only, as it may
 * have passwords in it.
 */
export async function keepTexts(
  backup: Backup,
  texts: readonly ConfText[],
  log?: Pick<Log, 'warn'> | undefined,
): Promise<void> {
  const file = fileOf(backup);
  const entries = new Map(texts.flatMap(({ text }) => [...parseProperties(text).entries]));
  const fresh = `${file}.new`;
  try {
    await fs.mkdir(path.dirname(file), { recursive: true });
    await fs.writeFile(fresh, formatProperties(entries.values()), { mode: 0o600 });
    await fs.rename(fresh, file);
  } catch (error) {
    log?.warn({ cause: messageOf(error) }, `cannot keep what was read in ${file}: ${messageOf(error)}`);
  }
}
