/** What stands around an agent of a case: its directory, collectors, a web server; the same for real Flume and for the embedded agent. */
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { decodeEvents, encodeStatus, flumeProtocol } from '../../../src/avro/protocols/flume.ts';
import { AvroRpcServer } from '../../../src/avro/server.ts';
import { freePort } from '../../kit/ports.ts';
import type { Scene } from '../kit/scene.ts';
import type { Arrived, DifferentialCase, Outcome } from './case.ts';

/** See the file's head. */
export interface Surroundings {
  /** Has in/ and out/. */
  readonly work: string;
  /** The port for the agent's source. */
  readonly listen: number;
  /** What the file takes from the environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly arrived: readonly Arrived[];
  /** What came of it so far. */
  outcome(answered: unknown): Outcome;
}

/** Makes them. @param side names the directory */
export async function surround(scene: Scene, side: string, { files = {} }: DifferentialCase): Promise<Surroundings> {
  const work = path.join(scene.directory, side);
  for (const name of ['in', 'out']) mkdirSync(path.join(work, name), { recursive: true });
  // Some sources go by the times of files, in seconds.
  let time = 1_700_000_000;
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(work, 'in', name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
    utimesSync(file, time, time);
    time += 10;
  }
  const arrived: Arrived[] = [];
  const collector = await collect(scene, 'collector', arrived, false);
  const other = await collect(scene, 'other', arrived, false);
  const deflate = await collect(scene, 'collector', arrived, true);
  const web = await serve(scene, arrived);
  const listen = await freePort();
  const env = {
    WORK: work,
    LISTEN: String(listen),
    COLLECTOR: String(collector),
    OTHER: String(other),
    DEFLATE: String(deflate),
    WEB: String(web),
    // Nobody listens there.
    CLOSED: '1',
  };
  return { work, listen, env, arrived, outcome: (answered) => outcomeOf(work, arrived, answered) };
}

async function collect(scene: Scene, at: string, arrived: Arrived[], deflate: boolean): Promise<number> {
  const server = await AvroRpcServer.listen({
    host: '127.0.0.1',
    port: 0,
    protocol: flumeProtocol,
    owner: at,
    pipeline: 1,
    ...(deflate ? { compression: 'deflate' as const } : {}),
    onRequest: (request) => {
      const name = request.message === 'append' ? 'append' : 'appendBatch';
      for (const event of decodeEvents(name, request.params).toArray()) {
        const body = Buffer.from(event.body).toString('latin1');
        arrived.push({ at, headers: { ...event.headers }, body });
      }
      request.reply(encodeStatus('OK'));
    },
  });
  scene.defer(() => server.close());
  return server.address.port;
}

async function serve(scene: Scene, arrived: Arrived[]): Promise<number> {
  const server = http.createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const headers = { path: request.url ?? '', type: request.headers['content-type'] ?? '' };
      arrived.push({ at: 'web', headers, body: Buffer.concat(parts).toString('latin1') });
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scene.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function outcomeOf(work: string, arrived: readonly Arrived[], answered: unknown): Outcome {
  // What is one's own directory stands in some headers.
  const own = JSON.stringify(arrived).replaceAll(JSON.stringify(work).slice(1, -1), 'WORK');
  return { arrived: JSON.parse(own) as Arrived[], answered, left: leftIn(work), written: writtenIn(work) };
}

/** Names in in/ but hidden ones, which each agent has for itself. */
export function leftIn(work: string): string[] {
  const directory = path.join(work, 'in');
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)))
    .filter((name) => !name.split(path.sep).some((part) => part.startsWith('.')))
    .sort();
}

/** What is in out/; names have the time of the start in them. */
export function writtenIn(work: string): Record<string, string> {
  const directory = path.join(work, 'out');
  return Object.fromEntries(
    readdirSync(directory).map((name) => [
      name.replace(/\d{13}/, 'TIME'),
      readFileSync(path.join(directory, name), 'latin1'),
    ]),
  );
}
