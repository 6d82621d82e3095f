/**
 * A server that answers as the REST gateway of HBase 2.6.1 does, for one table with one column family: many rows in a put, one row in an
 * increment, 404 for what is not there, 503 for an increment of what is no long. What befalls its next calls can be said.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type SinkRig, until } from './rig.ts';

/**
 * What becomes of a call: it is done and answered; done and its answer lost, or cut in the middle; refused as 503 without being done; a
 * put is done for its first row alone and answered 500; it is done, and not answered until the connection ends.
 */
export type Fate = 'answer' | 'lose answer' | 'half answer' | 'refuse' | 'half' | 'silent';

interface Row {
  readonly key: string;
  readonly Cell: readonly { readonly column: string; readonly $: string }[];
}

export interface FakeGateway {
  readonly url: string;
  /** Cells by row, then by column with its family, as bytes in latin1. */
  readonly rows: Map<string, Map<string, string>>;
  /** `put N`, `increment ROW COLUMN+N …`, `schema`, in the order in which they came. */
  readonly calls: string[];
  /** Of the calls that change something, in their order; then all are answered. */
  fates: Fate[];
  table: string;
  families: string[];
  /** The status of a question for the schema, if it is not answered. */
  schemaStatus: number;
  close(): void;
}

export async function fakeGateway(): Promise<FakeGateway> {
  const gateway: { url: string } & Omit<FakeGateway, 'url'> = {
    url: '',
    rows: new Map(),
    calls: [],
    fates: [],
    table: 't',
    families: ['cf'],
    schemaStatus: 200,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
    const [, table = '', what] = pathname.split('/').map(decodeURIComponent);
    const end = (status: number, text = ''): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(text);
    if (what === 'schema') {
      gateway.calls.push('schema');
      if (gateway.schemaStatus !== 200) return end(gateway.schemaStatus, 'not now');
      if (table !== gateway.table) return end(404, 'Not found');
      return end(200, JSON.stringify({ name: table, ColumnSchema: gateway.families.map((name) => ({ name })) }));
    }
    const rows = (JSON.parse(Buffer.concat(chunks).toString()) as { Row: Row[] }).Row;
    const isIncrement = searchParams.get('check') === 'increment';
    const fate = gateway.fates.shift() ?? 'answer';
    gateway.calls.push(isIncrement ? `increment ${shown(rows)}` : `put ${rows.length}`);
    if (fate === 'refuse') return end(503, 'Service Unavailable');
    if (table !== gateway.table) return end(404, 'Not found: TableNotFoundException');
    const done = isIncrement ? increment(gateway, rows) : put(gateway, fate === 'half' ? rows.slice(0, 1) : rows);
    if (fate === 'answer' || done !== 200) return end(done);
    if (fate === 'half') return end(500, 'half of it');
    if (fate === 'half answer') {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{');
    }
    if (fate !== 'silent') setImmediate(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  gateway.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return gateway;
}

const textOf = (base64: string): string => Buffer.from(base64, 'base64').toString('latin1');

function shown(rows: readonly Row[]): string {
  return rows
    .map(({ Cell, key }) => [textOf(key), ...Cell.map(({ $, column }) => `${textOf(column)}+${textOf($)}`)].join(' '))
    .join();
}

type Table = Pick<FakeGateway, 'rows' | 'families'>;

/** What is not of a family that there is fails; what is, is written all the same. */
function put({ families, rows: table }: Table, rows: readonly Row[]): number {
  let status = 200;
  for (const { Cell, key } of rows) {
    if (key === '') return 400;
    for (const { $, column } of Cell) {
      const name = textOf(column);
      if (!families.includes(name.slice(0, name.indexOf(':')))) status = 404;
      else cellsOf(table, textOf(key)).set(name, textOf($));
    }
  }
  return status;
}

function increment({ families, rows: table }: Table, rows: readonly Row[]): number {
  const [row] = rows;
  if (rows.length !== 1 || row === undefined) return 400;
  for (const { $, column } of row.Cell) {
    const [name, amount] = [textOf(column), textOf($)];
    if (!families.includes(name.slice(0, name.indexOf(':')))) return 404;
    const cells = cellsOf(table, textOf(row.key));
    const before = Buffer.from(cells.get(name) ?? '\0'.repeat(8), 'latin1');
    if (before.length !== 8) return 503;
    before.writeBigInt64BE(before.readBigInt64BE() + BigInt(amount));
    cells.set(name, before.toString('latin1'));
  }
  return 200;
}

function cellsOf(table: FakeGateway['rows'], key: string): Map<string, string> {
  const cells = table.get(key) ?? new Map<string, string>();
  table.set(key, cells);
  return cells;
}

/** A counter as its bytes. */
export function long(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes.toString('latin1');
}

/** Waits until so many events are acknowledged; what failed is tried again when its wait is over. */
export async function delivered(rig: SinkRig, count: number): Promise<void> {
  await until(async () => {
    rig.clock.advance(1000);
    await new Promise((resolve) => setTimeout(resolve, 2));
    return rig.counters.EventDrainSuccessCount >= count;
  });
}

/** The bodies that the simple serializer wrote. */
export const bodies = ({ rows }: FakeGateway): (string | undefined)[] =>
  [...rows.values()].flatMap((cells) => (cells.has('cf:pCol') ? [cells.get('cf:pCol')] : []));
