/** A real HBase of one process, with its REST gateway, as a process of a scene. Tables are made and read by the gateway. */
import path from 'node:path';
import { freePort } from '../../kit/ports.ts';
import { peersDirectory } from './places.ts';
import type { Scene } from './scene.ts';

/** The cells of a row by their columns with the family, as bytes. */
export type Cells = Readonly<Record<string, Buffer>>;

/** Where it is. */
export interface HBase {
  /** Of the gateway. */
  readonly url: string;
  /** Makes a table with the family `cf`. */
  create(table: string): Promise<void>;
  /** All rows by their keys, read as UTF-8; `prefix`: those whose keys begin so. */
  rows(table: string, prefix?: string): Promise<Map<string, Cells>>;
  /** A counter; 0 when there is none. */
  counter(table: string, row: string, column: string): Promise<number>;
}

const CLASS_PATH = ['hbase/run', 'hbase/lib/*'].map((name) => path.join(peersDirectory, name)).join(path.delimiter);
const OPEN = ['java.lang', 'java.nio', 'sun.nio.ch', 'java.io', 'java.util'];
const JVM = [
  ...['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'],
  ...OPEN.flatMap((name) => ['--add-opens', `java.base/${name}=ALL-UNNAMED`]),
  ...['--add-exports', 'java.base/jdk.internal.misc=ALL-UNNAMED', '-cp', CLASS_PATH],
];

interface CellSet {
  readonly Row: readonly {
    readonly key: string;
    readonly Cell: readonly { readonly column: string; readonly $: string }[];
  }[];
}

/** Starts it, and waits until it takes rows. */
export async function startHBase(scene: Scene): Promise<HBase> {
  const port = await freePort();
  const args = [...JVM, 'OneProcessHBase', path.join(scene.directory, 'hbase'), String(port)];
  const actor = scene.start('hbase', { command: 'java', args });
  await scene.until(() => actor.stdout.includes('READY'), 'HBase takes rows');
  const url = `http://127.0.0.1:${port}`;
  const json = { accept: 'application/json', 'content-type': 'application/json' };
  const call = async (what: string, init: RequestInit): Promise<Response> => {
    const answer = await fetch(`${url}/${what}`, init);
    if (!answer.ok && answer.status !== 404)
      throw new Error(`${init.method ?? 'GET'} ${what}: ${answer.status} ${await answer.text()}`);
    return answer;
  };
  return {
    url,
    create: async (table) => {
      const body = JSON.stringify({ name: table, ColumnSchema: [{ name: 'cf' }] });
      await call(`${table}/schema`, { method: 'PUT', headers: json, body });
    },
    rows: async (table, prefix = '') => {
      const answer = await call(`${table}/${encodeURIComponent(prefix)}*`, { headers: json });
      if (answer.status === 404) return new Map();
      // Gateways begin the scan with the prefix, and some go on behind it.
      const own = ((await answer.json()) as CellSet).Row.filter(({ key }) => textOf(key).startsWith(prefix));
      return new Map(
        own.map(({ Cell, key }) => [
          textOf(key),
          Object.fromEntries(Cell.map(({ $, column }) => [textOf(column), Buffer.from($, 'base64')])),
        ]),
      );
    },
    counter: async (table, row, column) => {
      const answer = await call(`${table}/${row}/${column}`, { headers: { accept: 'application/octet-stream' } });
      if (answer.status === 404) return 0;
      return Number(Buffer.from(await answer.arrayBuffer()).readBigInt64BE());
    },
  };
}

function textOf(base64: string): string {
  return Buffer.from(base64, 'base64').toString();
}
