/** Cases of sources that listen on a socket, and of exec: what is sent to them, the events, and what is answered. */
import dgram from 'node:dgram';
import http from 'node:http';
import net from 'node:net';
import { Charset } from '../../../src/agent/component/charset/charset.ts';
import { sources } from '../../../src/agent/sources/index.ts';
import type { PlainEvent } from '../../../src/core/event.ts';
import { freePort } from '../../kit/ports.ts';
import { type Rig, rig } from '../../unit/agent/sources/rig.ts';
import { type ExpectedEvent, type FlumeCase, isExpected, PASSED, propertiesOf, shown, type Verdict } from '../case.ts';

/** How long events that are expected may take, in ms. */
const WAIT_MS = 10_000;
/** How long is waited for events and answers that there may be too many of, in ms. */
const QUIET_MS = 100;

interface Piece {
  readonly text?: string;
  readonly hex?: string;
  readonly encode?: string;
  readonly newConnection?: boolean;
  /** A name of the port, in `ports` and elsewhere in the configuration. */
  readonly port?: string;
}

interface Expectation {
  readonly events?: readonly ExpectedEvent[];
  readonly replies?: string;
  readonly status?: number;
  readonly counters?: Readonly<Record<string, number | string>>;
  readonly bodyEncoding?: string;
  readonly withinMs?: number;
}

/** Whether a case says in data what is sent and expected, not in words. */
export function isData({ config, expected, input }: FlumeCase): boolean {
  const { events, start, afterStop } = expected;
  if (start !== undefined || afterStop !== undefined) return false;
  // A command with a remark in brackets is one in words.
  if (/\(.*are written\)/.test(String(config['command'] ?? ''))) return false;
  if (events !== undefined && !Array.isArray(events)) return false;
  const sent = input['tcp'] ?? input['udp'];
  return sent === undefined || Array.isArray(sent);
}

function encode(text: string, charset: string): Buffer {
  const set = Charset.find(charset);
  if (set === undefined) throw new Error(`no charset ${charset}`);
  return set.encode(text);
}

function bytesOf({ encode: charset = 'UTF-8', hex, text = '' }: Piece): Buffer {
  return hex === undefined ? encode(text, charset) : Buffer.from(hex, 'hex');
}

/** The events that come until there are as many as expected, and for a moment more. */
async function eventsOf(made: Rig, count: number): Promise<PlainEvent[]> {
  const events: PlainEvent[] = [];
  const end = Date.now() + WAIT_MS;
  while (events.length < count && Date.now() < end) {
    events.push(...(await made.takeAll()));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  return [...events, ...(await made.takeAll())];
}

function compare(
  made: Rig,
  expected: Expectation,
  events: readonly PlainEvent[],
  rest: { replies?: string; status?: number },
): Verdict {
  const wanted = expected.events;
  const actual = { events: events.map(shown), ...rest, counters: made.counters };
  const encoding = expected.bodyEncoding;
  const asExpected =
    (wanted === undefined ||
      // A command that is started again and again brings more than the case waits for.
      ((expected.withinMs === undefined ? wanted.length === events.length : wanted.length <= events.length) &&
        wanted.every((each, i) =>
          isExpected(
            events[i] as PlainEvent,
            encoding === undefined ? each : { bodyEncoding: encoding, ...each },
            false,
            encode,
          ),
        ))) &&
    (expected.replies === undefined || expected.replies === rest.replies) &&
    (expected.status === undefined || expected.status === rest.status) &&
    Object.entries(expected.counters ?? {}).every(
      ([name, value]) => name === 'Type' || made.counters[name as keyof typeof made.counters] === value,
    );
  return asExpected ? PASSED : { result: 'failed', actual };
}

/** @param type the name behind `source:` */
export async function source(type: string, one: FlumeCase): Promise<Verdict> {
  const expected = one.expected as Expectation;
  const { ports, properties } = await withPorts(type, propertiesOf(one));
  // `150 events, channel capacity 100` stands for a body of so many events, and a channel of that size.
  const [, many, capacity] = /^(\d+) events(?:, channel capacity (\d+))?$/.exec(String(one.input['body'] ?? '')) ?? [];
  const made = await rig(sources.get(type), properties, capacity === undefined ? {} : { capacity: Number(capacity) });
  await made.source.start();
  try {
    const sent = type === 'http' ? await request(made, one, many) : await send(made, one, ports);
    return compare(made, expected, await eventsOf(made, expected.events?.length ?? 0), sent);
  } finally {
    await made.source.stop();
  }
}

/** Properties with real ports; names of ports, such as P1, get one each. */
async function withPorts(type: string, given: Record<string, string>) {
  const ports = new Map<string, number>();
  const own: Record<string, string> = { ...given };
  if (type === 'multiport_syslogtcp') {
    const names = (own['ports'] ?? 'P').split(/\s+/);
    for (const name of names) ports.set(name, await freePort());
    own['ports'] = [...ports.values()].join(' ');
    own['host'] ??= '127.0.0.1';
    for (const [name, port] of ports) {
      const charset = own[`charset.port.${name}`];
      if (charset === undefined) continue;
      delete own[`charset.port.${name}`];
      own[`charset.port.${port}`] = charset;
    }
  } else if (type !== 'exec') {
    own['port'] = '0';
    own[type.startsWith('syslog') ? 'host' : 'bind'] = '127.0.0.1';
  }
  return { ports, properties: own };
}

async function send(made: Rig, one: FlumeCase, ports: ReadonlyMap<string, number>): Promise<{ replies?: string }> {
  const port = made.source.address?.port ?? 0;
  const { tcp, udp } = one.input as { tcp?: Piece[]; udp?: Piece[] };
  for (const piece of udp ?? []) await sendDatagram(port, bytesOf(piece));
  if (tcp === undefined) return {};
  const sockets = new Map<string, net.Socket>();
  let replies = '';
  const expectsReplies = String((one.expected as Expectation).replies ?? '').length;
  for (const piece of tcp) {
    const at = String(piece.port ?? '');
    if (piece.newConnection === true) sockets.get(at)?.end();
    let socket = piece.newConnection === true ? undefined : sockets.get(at);
    if (socket === undefined) {
      socket = net.connect(ports.get(at) ?? [...ports.values()][0] ?? port, '127.0.0.1').setNoDelay(true);
      socket.on('data', (chunk) => (replies += chunk)).on('error', () => {});
      sockets.set(at, socket);
    }
    await new Promise((resolve) => socket.write(bytesOf(piece), resolve));
    // Pieces are to arrive one by one, in order over several connections.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  for (let waited = 0; replies.length < expectsReplies && waited < WAIT_MS; waited += 10)
    await new Promise((resolve) => setTimeout(resolve, 10));
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  for (const socket of sockets.values()) socket.destroy();
  return { replies };
}

async function sendDatagram(port: number, bytes: Buffer): Promise<void> {
  const socket = dgram.createSocket('udp4');
  await new Promise((resolve) => socket.send(bytes, port, '127.0.0.1', resolve));
  socket.close();
}

function request(made: Rig, one: FlumeCase, many: string | undefined): Promise<{ status: number }> {
  const {
    body = '',
    contentType = 'application/json',
    method = 'POST',
    path = '/',
  } = one.input as Record<string, string | undefined>;
  const charset = /charset=(\S+)/i.exec(contentType)?.[1] ?? 'UTF-8';
  const events = JSON.stringify(Array.from({ length: Number(many) }, (_, i) => ({ body: String(i) })));
  const bytes = encode(many === undefined ? body : events, charset);
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': contentType, 'content-length': bytes.length };
    const sent = http.request({ host: '127.0.0.1', port: made.source.address?.port, method, path, headers });
    sent.once('error', reject);
    sent.once('response', (response) => {
      response.resume();
      response.once('end', () => resolve({ status: response.statusCode ?? 0 }));
    });
    sent.end(bytes);
  });
}
