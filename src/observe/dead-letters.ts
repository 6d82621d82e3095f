/**
 * The dead letters of a job for its page: the newest lines of the file (flow/output/dead-letters.ts writes it), grouped by what was thrown
 * where. The file is read when somebody asks, no more of it than its last megabyte.
 */
import { createHash } from 'node:crypto';
import { fs } from '../core/machine.ts';
import { NO_REDACTION, REDACTED, type Redaction } from './redaction.ts';

/** A value that was left out, as far as it is shown. */
export interface DeadLetterExample {
  /** The time of its batch, in ms since the epoch. */
  readonly time: number;
  /** Of an event; null: the value was none. */
  readonly headers: Readonly<Record<string, string>> | null;
  /** The body of an event, or any other value as JSON; null: the body is no text. */
  readonly text: string | null;
  /** The bytes of a body that is no text. */
  readonly hex: string | null;
  /** How long the body is; null: the value was no event. */
  readonly bytes: number | null;
  /** Whether there is more than is shown. */
  readonly isCut: boolean;
}

/** Values that one operator left out for one reason. */
export interface DeadLetterGroup {
  /** Made of what the group is told apart by: the same in each answer. */
  readonly id: string;
  readonly operator: string;
  /** The user's line, as file:line:column. */
  readonly site: string | null;
  readonly code: string | null;
  readonly message: string;
  /** How many of what was read. */
  readonly values: number;
  /** The time of the batch of the oldest that was read, in ms since the epoch. */
  readonly firstTime: number;
  /** The time of the batch of the newest, in ms since the epoch. */
  readonly lastTime: number;
  /** The newest values, newest first. */
  readonly examples: readonly DeadLetterExample[];
}

/** What was read. */
export interface DeadLettersRead {
  /** Null: the job leaves no values out. */
  readonly file: string | null;
  /** Whether there are older ones that were not read, or more groups than are told. */
  readonly isCut: boolean;
  /** The group with the newest first. */
  readonly groups: readonly DeadLetterGroup[];
}

const MOST_BYTES = 1024 * 1024;
const MOST_GROUPS = 200;
const EXAMPLES = 3;
const MOST_CHARACTERS = 2000;
const MOST_BODY_BYTES = 512;
const MOST_HEADERS = 30;
const MOST_HEADER_CHARACTERS = 300;

interface Line {
  readonly time: number;
  readonly operator: string;
  readonly site: string | null;
  readonly code: string | null;
  readonly message: string;
  readonly event: unknown;
}

/** @param file undefined: the job leaves no values out @param redaction what of values is not shown */
export async function readDeadLetters(
  file: string | undefined,
  redaction: Redaction = NO_REDACTION,
): Promise<DeadLettersRead> {
  if (file === undefined) return { file: null, isCut: false, groups: [] };
  const { isCut, text } = await endOf(file);
  const groups = new Map<string, Line[]>();
  const counts = new Map<string, { readonly values: number; readonly firstTime: number }>();
  for (const line of text.split('\n').map(parse)) {
    if (line === undefined) continue;
    const { code, message, operator, site, time } = line;
    const key = JSON.stringify([operator, site, code, message]);
    const { firstTime = time, values = 0 } = counts.get(key) ?? {};
    counts.set(key, { values: values + 1, firstTime: Math.min(firstTime, time) });
    const newest = [line, ...(groups.get(key) ?? [])].slice(0, EXAMPLES);
    groups.delete(key);
    groups.set(key, newest);
  }
  return {
    file,
    isCut: isCut || groups.size > MOST_GROUPS,
    groups: [...groups]
      .slice(-MOST_GROUPS)
      .map(([key, lines]) => groupOf(key, lines, redaction, counts.get(key)))
      .reverse(),
  };
}

function groupOf(
  key: string,
  lines: readonly Line[],
  redaction: Redaction,
  { firstTime = 0, values = 0 }: { readonly values?: number; readonly firstTime?: number } = {},
): DeadLetterGroup {
  const { code = null, message = '', operator = '', site = null, time = 0 } = lines[0] ?? {};
  return {
    id: createHash('sha256').update(key).digest('hex').slice(0, 12),
    ...{
      operator,
      site,
      code,
      message: cut(redaction.ofThrown(message), MOST_CHARACTERS),
      values,
      firstTime,
      lastTime: time,
    },
    examples: lines.map((line) => exampleOf(line, redaction)),
  };
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
    const { code, message } = (error ?? {}) as Record<string, unknown>;
    if (typeof time !== 'number') return undefined;
    return {
      time,
      operator: String(operator),
      site: typeof where === 'string' ? where : null,
      code: typeof code === 'string' ? code : null,
      message: String(message),
      event,
    };
  } catch {
    return undefined;
  }
}

/** An event has headers and a body, as text or in base64 (core/plain-json.ts); all else is shown as JSON. */
function exampleOf({ event, time }: Line, redaction: Redaction): DeadLetterExample {
  const shown = redaction.of(event);
  const body = bodyOf(event);
  const { headers } = fieldsOf(shown);
  if (body === undefined || typeof headers !== 'object' || headers === null) {
    const json = JSON.stringify(shown) ?? '';
    const isCut = json.length > MOST_CHARACTERS;
    return { time, headers: null, text: cut(json, MOST_CHARACTERS), hex: null, bytes: null, isCut };
  }
  const entries = Object.entries(headers);
  const most = MOST_HEADER_CHARACTERS;
  const own = entries
    .slice(0, MOST_HEADERS)
    .map(([name, value]) => [cut(name, most), cut(String(value), most)] as const);
  const isHeadersCut =
    entries.length > own.length || entries.some(([name, value]) => Math.max(name.length, String(value).length) > most);
  const common = { time, headers: Object.fromEntries(own), bytes: body.length };
  const text = textOf(body, shown, redaction);
  if (text !== undefined) {
    const isCut = isHeadersCut || text.length > MOST_CHARACTERS;
    return { ...common, text: cut(text, MOST_CHARACTERS), hex: null, isCut };
  }
  const hex = body.bytes.subarray(0, MOST_BODY_BYTES).toString('hex');
  return { ...common, text: null, hex, isCut: isHeadersCut || body.length > MOST_BODY_BYTES };
}

interface Body {
  readonly bytes: Buffer;
  readonly length: number;
  readonly isText: boolean;
}

function bodyOf(event: unknown): Body | undefined {
  const { body, bodyBase64 } = fieldsOf(event);
  const isText = typeof body === 'string';
  if (!isText && typeof bodyBase64 !== 'string') return undefined;
  const bytes = isText ? Buffer.from(body) : Buffer.from(String(bodyBase64), 'base64');
  return { bytes, length: bytes.length, isText };
}

/** What is shown of a body as a text; undefined: its bytes are shown. */
function textOf({ bytes, isText }: Body, shown: unknown, redaction: Redaction): string | undefined {
  const { body, bodyBase64 } = fieldsOf(shown);
  if (isText) return String(body);
  if (bodyBase64 === REDACTED) return REDACTED;
  // A pattern finds nothing in digits of what the bytes say: then the redaction has another text for them.
  const digits = `0x${bytes.subarray(0, MOST_BODY_BYTES).toString('hex')}`;
  const redacted = redaction.of(digits);
  return redacted === digits ? undefined : String(redacted);
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
