/**
 * Makes events of what a syslog connection or datagram brings, for syslogtcp and syslogudp.
 * Source: SyslogUtils of Flume 1.11: where a message begins and ends, what makes it invalid, and which headers it gets.
 */
import type { PlainEvent } from '../../../core/event.ts';
import { type Format, partsOf } from './formats.ts';
import type { KeepFields } from './keep-fields.ts';

/** The header that tells what is wrong with a message. */
export const STATUS_HEADER = 'flume.syslog.status';

const NEWLINE = 0x0a;
const SMALLEST_EVENT = 10;
const MOST_DIGITS = 3;

/** How messages are read. */
export interface SyslogOptions {
  readonly formats: readonly Format[];
  readonly keep: KeepFields;
  /** The largest message in bytes; what is longer is cut, and its rest makes further events. Less than 10 counts as 10. */
  readonly eventSize: number;
  /** The time in ms since 1970, for times without a year. */
  readonly now: () => number;
}

/** A message as it was cut out of the bytes. */
interface Raw {
  readonly bytes: Buffer;
  /** The number between < and >; undefined: it has none, so that the message is no syslog. */
  readonly priority: string | undefined;
  readonly cut: boolean;
}

/** Where the head of a message ends, or that more bytes are needed to tell. */
interface PriorityEnd {
  /** The first byte behind. */
  readonly end: number;
  readonly priority: string | undefined;
}

/** Reads the messages of one connection. */
export class SyslogReader {
  readonly #options: SyslogOptions;
  readonly #size: number;
  /** The beginning of a message whose end has not come yet. */
  #held: Buffer = Buffer.alloc(0);
  /** Of the last message whose form was known. Flume gives them to the ones that follow and have none, so they are kept. */
  #priority: string | undefined;
  #version: string | undefined;

  constructor(options: SyslogOptions) {
    this.#options = options;
    this.#size = Math.max(options.eventSize, SMALLEST_EVENT);
  }

  /** Takes bytes of a stream; returns the events that they complete. */
  feed(chunk: Buffer): PlainEvent[] {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const events: PlainEvent[] = [];
    let at = 0;
    for (;;) {
      while (bytes[at] === NEWLINE) at++;
      const next = this.#cut(bytes, at);
      if (next === undefined) break;
      events.push(this.#event(next.raw));
      at = next.end;
    }
    // A copy: the chunk is as large as what the socket had, and would be held for a few bytes.
    this.#held = Buffer.from(bytes.subarray(at));
    return events;
  }

  /** Takes a datagram, whose first line is a message, with or without a newline; undefined: there is nothing in it. */
  datagram(bytes: Buffer): PlainEvent | undefined {
    let at = 0;
    while (bytes[at] === NEWLINE) at++;
    if (at === bytes.length) return undefined;
    const next = this.#cut(bytes, at);
    if (next !== undefined) return this.#event(next.raw);
    const rest = bytes.subarray(at);
    const head = priorityEnd(bytes, at);
    const unfinished = /^<(\d{1,3})$/.exec(rest.toString('latin1'))?.[1];
    return this.#event({ bytes: rest, priority: head === undefined ? unfinished : head.priority, cut: false });
  }

  /** The message that begins at `start`, and where it ends; undefined: its end has not come. */
  #cut(bytes: Buffer, start: number): { readonly raw: Raw; readonly end: number } | undefined {
    const head = priorityEnd(bytes, start);
    if (head === undefined) return undefined;
    const { priority } = head;
    const newline = bytes.indexOf(NEWLINE, head.end);
    if (newline >= 0 && newline - start < this.#size) {
      return { raw: { bytes: bytes.subarray(start, newline), priority, cut: false }, end: newline + 1 };
    }
    const end = start + this.#size;
    return bytes.length < end ? undefined : { raw: { bytes: bytes.subarray(start, end), priority, cut: true }, end };
  }

  #event({ bytes, cut, priority }: Raw): PlainEvent {
    const { formats, keep, now } = this.#options;
    const text = bytes.toString('utf8');
    const parts = priority === undefined ? undefined : partsOf(text, formats, now());
    if (parts !== undefined) [this.#priority, this.#version] = [parts.priority, parts.version];
    const number = Number(priority ?? 0);
    const headers: [string, string | undefined][] = [
      ['Facility', String(Math.floor(number / 8))],
      ['Severity', String(number % 8)],
      ['priority', this.#priority],
      ['version', this.#version],
      ['timestamp', parts?.millis?.toString()],
      ['host', parts?.hostname],
      [STATUS_HEADER, priority === undefined ? 'Invalid' : cut ? 'Incomplete' : undefined],
    ];
    const set = headers.filter((header): header is [string, string] => (header[1] ?? '') !== '');
    const whole = keep.all || parts?.body === undefined;
    const prefix = whole ? '' : keep.prefix(parts);
    const body = whole || prefix + parts.body === '' ? bytes : bodyOf(bytes, text, prefix, parts.body);
    // A copy: the body may be kept for long, and the chunk it is in is larger.
    return { headers: Object.fromEntries(set), body: Buffer.from(body) };
  }
}

/** The body as it stands in the message, so that bytes that are no UTF-8 stay as they are. */
function bodyOf(bytes: Buffer, text: string, prefix: string, body: string): Buffer {
  // The head of a known form is ASCII: as many bytes as characters.
  const head = text.length - body.length;
  const rest = text.endsWith(body) && isAscii(text, head) ? bytes.subarray(head) : Buffer.from(body);
  return prefix === '' ? rest : Buffer.concat([Buffer.from(prefix), rest]);
}

function isAscii(text: string, end: number): boolean {
  for (let i = 0; i < end; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** Looks for the priority at the beginning of a message; undefined: the bytes end before that can be told. */
function priorityEnd(bytes: Buffer, start: number): PriorityEnd | undefined {
  if (start >= bytes.length) return undefined;
  if (bytes[start] !== 0x3c) return { end: start + 1, priority: undefined };
  for (let at = start + 1; at < bytes.length; at++) {
    const digits = at - start - 1;
    const byte = bytes[at] as number;
    if (byte === 0x3e) {
      return { end: at + 1, priority: digits === 0 ? undefined : bytes.toString('latin1', start + 1, at) };
    }
    // Even a newline that stands here belongs to the message.
    if (byte < 0x30 || byte > 0x39 || digits === MOST_DIGITS) return { end: at + 1, priority: undefined };
  }
  return undefined;
}
