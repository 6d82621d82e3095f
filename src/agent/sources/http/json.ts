/** The handler of requests that are JSON: an array of events, `[{"headers": {"a": "b"}, "body": "text"}]`. */
import { messageOf } from '../../../core/errors.ts';
import type { PlainEvent } from '../../../core/event.ts';
import { Charset } from '../../component/charset/charset.ts';
import { defineComponent } from '../../component/component.ts';
import { charsetOf, type HttpHandler, type HttpHandlerType, RefusedRequest } from './handler.ts';

const CHARSETS = ['utf-8', 'utf-16', 'utf-32'];

/** The JSON handler. */
export const jsonHandler: HttpHandlerType = defineComponent({
  type: 'json',
  aliases: ['org.apache.flume.source.http.JSONHandler'],
  doc: 'a request is a JSON array of events with headers and body, in UTF-8, UTF-16 or UTF-32 as its Content-Type says; bodies stay in that character set',
  differences: ["JSON is read as its standard has it; Flume's reader lets quotes and commas be missing."],
  fields: {},
  create:
    (): HttpHandler =>
    ({ body, contentType }) => {
      const name = charsetOf(contentType) ?? 'utf-8';
      const set = CHARSETS.includes(name) ? Charset.find(name) : undefined;
      if (set === undefined)
        throw new RefusedRequest(500, `the charset is ${name}, expected one of ${CHARSETS.join(', ')}`);
      if (body.length === 0) throw new RefusedRequest(500, 'the request has no body, expected a JSON array of events');
      const decoder = set.decoder('FAIL');
      const text = decoder.write(body) + decoder.end();
      if (decoder.failed) throw new RefusedRequest(400, `the body is not valid ${name}`);
      return eventsOf(text, (value) => set.encode(value));
    },
});

function eventsOf(text: string, encode: (value: string) => Buffer): PlainEvent[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new RefusedRequest(400, `the body is not JSON: ${messageOf(error)}`);
  }
  if (!Array.isArray(parsed)) throw new RefusedRequest(400, 'the body is not an array of events');
  return parsed.map((event: unknown, i) => {
    if (!isObject(event)) throw new RefusedRequest(400, `event ${i} is no object`);
    const headers = event['headers'] ?? {};
    if (!isObject(headers)) throw new RefusedRequest(400, `the headers of event ${i} are no object`);
    const pairs = Object.entries(headers).flatMap(([name, value]) =>
      value === null ? [] : [[name, textOf(value, `header ${name} of event ${i}`)] as const],
    );
    return { headers: Object.fromEntries(pairs), body: encode(textOf(event['body'] ?? '', `the body of event ${i}`)) };
  });
}

/** Numbers and booleans become text, as in Flume. */
function textOf(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new RefusedRequest(400, `${what} is no text`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
