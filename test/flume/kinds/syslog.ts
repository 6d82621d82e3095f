/** Cases of the two syslog parsers. */
import { formats } from '../../../src/agent/sources/syslog/formats.ts';
import { keepFields } from '../../../src/agent/sources/syslog/keep-fields.ts';
import { SyslogReader } from '../../../src/agent/sources/syslog/message.ts';
import { parseSyslogLine, rfc5424Millis } from '../../../src/agent/sources/syslog/parsed-line.ts';
import type { PlainEvent } from '../../../src/core/event.ts';
import {
  clockOf,
  type ExpectedEvent,
  type FlumeCase,
  inZone,
  passedIf,
  type RunCase,
  same,
  shown,
  type Verdict,
} from '../case.ts';

interface Read {
  readonly events?: readonly PlainEvent[];
  readonly millis?: number;
  readonly error?: string;
}

function compare({ expected, input }: FlumeCase, { error, events, millis }: Read): Verdict {
  const actual = error === undefined ? (millis ?? events?.map(shown)) : { error };
  // The real class says it in its own words.
  if (expected['error'] !== undefined || error !== undefined)
    return passedIf(expected['error'] !== undefined && error !== undefined, actual);
  if (expected['millis'] !== undefined || millis !== undefined) return passedIf(expected['millis'] === millis, actual);
  const wanted = expected['events'] as ExpectedEvent[];
  // A message that says it has no time has that of the moment; so has the case, which names no clock.
  const timeless =
    String(expected['headersToCompare'] ?? '').includes('but timestamp') || / - \S* /.test(String(input['text']));
  const view = (event: ExpectedEvent): unknown => ({ ...event, headers: withoutTime(event.headers ?? {}, timeless) });
  return passedIf(
    same(
      events?.map((event) => view(shown(event) as ExpectedEvent)),
      wanted.map(view),
    ),
    actual,
  );
}

function withoutTime(headers: Readonly<Record<string, string>>, timeless: boolean): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, timeless && name === 'timestamp' ? 'any' : value]),
  );
}

function attempt(read: () => Read): Read {
  try {
    return read();
  } catch (error) {
    return { error: String(error) };
  }
}

const keepOf = ({ config }: FlumeCase) => keepFields(String(config['keepFields'] ?? 'none'));

/** syslogtcp's and syslogudp's. */
export const syslogParser: RunCase = (one) =>
  inZone(one, () => {
    const reader = new SyslogReader({
      formats: formats(undefined),
      keep: keepOf(one),
      eventSize: Number(one.config['eventSize'] ?? 2500),
      now: () => clockOf(one),
    });
    return compare(
      one,
      attempt(() => ({ events: reader.feed(Buffer.from(String(one.input['text']))) })),
    );
  });

/** multiport_syslogtcp's. */
export const multiportParser: RunCase = (one) =>
  inZone(one, () => {
    const { date, text } = one.input;
    if (date !== undefined)
      return compare(
        one,
        attempt(() => ({ millis: rfc5424Millis(String(date)) })),
      );
    return compare(
      one,
      attempt(() => {
        const { body, headers } = parseSyslogLine(String(text), keepOf(one), clockOf(one));
        return { events: [{ headers, body: Buffer.from(body) }] };
      }),
    );
  });
