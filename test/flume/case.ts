/** A case of Flume's own test suites or of its classes, and how what came out is compared with what is expected. */
import type { PlainEvent } from '../../src/core/event.ts';

/** A case. `config` has the properties of the component without its prefix. */
export interface FlumeCase {
  readonly id: string;
  readonly suite: string;
  readonly test?: string;
  readonly component: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly input: Readonly<Record<string, unknown>>;
  readonly expected: Readonly<Record<string, unknown>>;
  readonly note?: string;
}

/** What a run of a case led to. */
export type Verdict =
  | { readonly result: 'passed' }
  | { readonly result: 'failed'; readonly actual: unknown }
  | { readonly result: 'skipped'; readonly why: string };

export const PASSED: Verdict = { result: 'passed' };

/** Runs a case of one kind; what it throws is a failure. */
export type RunCase = (flumeCase: FlumeCase) => Promise<Verdict> | Verdict;

/** Passed when the condition holds. */
export function passedIf(holds: boolean, actual: unknown): Verdict {
  return holds ? PASSED : { result: 'failed', actual };
}

/** Texts of a configuration that become properties: `tz` and `clock` are the process's. */
export function propertiesOf({ config }: FlumeCase): Record<string, string> {
  const own = Object.entries(config).filter(([name]) => name !== 'tz' && name !== 'clock');
  return Object.fromEntries(own.map(([name, value]) => [name, String(value)]));
}

/** Runs with the zone of the process that the case names, UTC where it names none. */
export async function inZone<T>({ config }: FlumeCase, run: () => T | Promise<T>): Promise<T> {
  const before = process.env['TZ'];
  process.env['TZ'] = String(config['tz'] ?? 'UTC');
  try {
    return await run();
  } finally {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  }
}

/** The time that the case is at, in ms since 1970. */
export function clockOf({ config }: FlumeCase): number {
  const [stamp] = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/.exec(String(config['clock'] ?? '')) ?? [];
  return stamp === undefined ? Date.now() : Date.parse(stamp);
}

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** The same without regard to the order of names. */
export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([x], [y]) => (x < y ? -1 : 1))
      .map(([name, each]) => [name, sorted(each)]),
  );
}

/** An event that is expected: what it does not say is not compared. */
export interface ExpectedEvent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly bodyHex?: string;
  readonly bodyEncoding?: string;
  readonly absent?: readonly string[];
}

/** Whether an event is the expected one. @param whole whether it may have no other headers than those that are given */
export function isExpected(
  event: PlainEvent,
  expected: ExpectedEvent,
  whole: boolean,
  encode: (text: string, charset: string) => Buffer,
): boolean {
  const { absent = [], body, bodyEncoding = 'UTF-8', bodyHex, headers } = expected;
  const bytes = Buffer.from(event.body);
  if (body !== undefined && !bytes.equals(encode(body, bodyEncoding))) return false;
  if (bodyHex !== undefined && bytes.toString('hex') !== bodyHex) return false;
  if (absent.some((name) => Object.hasOwn(event.headers, name))) return false;
  if (headers === undefined) return true;
  if (whole && Object.keys(event.headers).length !== Object.keys(headers).length) return false;
  return Object.entries(headers).every(([name, value]) => event.headers[name] === value);
}

/** An event as people read it. */
export function shown({ body, headers }: PlainEvent): unknown {
  return { headers, body: Buffer.from(body).toString() };
}
