/** The hdfs sink and a name node that answers as WebHDFS does, or does not: what is kept, what is written again, what is left. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { hdfs } from '../../../../src/agent/sinks/hdfs.ts';
import { put } from '../channels/use.ts';
import { type SinkRig, sinkRig, until } from './rig.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** What becomes of the next call with data: it is kept and answered, kept and not answered, refused, kept in a part. */
type Fate = 'answer' | 'lose answer' | 'refuse' | 'half';

interface Node {
  readonly url: string;
  readonly files: Map<string, Buffer>;
  readonly calls: string[];
  fates: Fate[];
  renames: boolean;
}

async function nameNode(): Promise<Node> {
  const files = new Map<string, Buffer>();
  const calls: string[] = [];
  const node: { url: string } & Omit<Node, 'url'> = { url: '', files, calls, fates: [], renames: true };
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
    const file = decodeURIComponent(pathname.replace('/webhdfs/v1', ''));
    const op = searchParams.get('op') ?? '';
    const isData = searchParams.has('datanode');
    calls.push(
      `${isData ? 'data ' : ''}${op} ${file}${searchParams.has('user.name') ? ` by ${searchParams.get('user.name')}` : ''}`,
    );
    const json = (status: number, value: unknown): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    const refuse = (status: number, exception: string): void =>
      json(status, { RemoteException: { exception, message: `${exception} of ${file}` } });
    if (op === 'GETFILESTATUS') {
      const known = files.get(file);
      return known === undefined
        ? refuse(404, 'FileNotFoundException')
        : json(200, { FileStatus: { length: known.length } });
    }
    if (op === 'RENAME') {
      const target = searchParams.get('destination') ?? '';
      const done = node.renames && !files.has(target) && files.has(file);
      if (done) {
        files.set(target, files.get(file) as Buffer);
        files.delete(file);
      }
      return json(200, { boolean: done });
    }
    if (!isData)
      return void response.writeHead(307, { location: `${node.url}${pathname}?${searchParams}&datanode=1` }).end();
    const fate = node.fates.shift() ?? 'answer';
    const bytes = Buffer.concat(chunks);
    if (fate === 'refuse') return refuse(403, 'AccessControlException');
    const kept = fate === 'half' ? bytes.subarray(0, bytes.length / 2) : bytes;
    files.set(file, Buffer.concat([files.get(file) ?? Buffer.alloc(0), kept]));
    if (fate === 'answer') return void response.writeHead(op === 'CREATE' ? 201 : 200).end();
    response.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  node.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return node;
}

async function open(node: Node, properties: Record<string, string | number> = {}): Promise<SinkRig> {
  const rig = await sinkRig(hdfs, {
    'hdfs.path': 'hdfs://namenode/logs/a b',
    'hdfs.webhdfs': node.url,
    'hdfs.user': 'flume',
    'hdfs.fileType': 'DataStream',
    'hdfs.rollInterval': 0,
    'hdfs.rollSize': 0,
    'hdfs.rollCount': 0,
    ...properties,
  });
  ends.push(() => rig.stop());
  return rig;
}

const contents = ({ files }: Node): Record<string, string> =>
  Object.fromEntries([...files].map(([name, bytes]) => [name.replace('/logs/a b/', ''), bytes.toString()]));

async function send(rig: SinkRig, text: string): Promise<void> {
  const before = rig.counters.EventDrainSuccessCount;
  await put(rig.channel, text);
  await until(async () => {
    // What failed is tried again when its wait is over.
    rig.clock.advance(1000);
    await new Promise((resolve) => setTimeout(resolve, 2));
    return rig.counters.EventDrainSuccessCount > before;
  });
}

describe('a name node', () => {
  it('gets a file with its first events, what comes then behind them, and its own name at the end', async () => {
    const node = await nameNode();
    const rig = await open(node);
    for (const text of ['a', 'b', 'c']) await send(rig, text);
    const [name = ''] = Object.keys(contents(node));
    expect(contents(node)).toEqual({ [name]: 'a\nb\nc\n' });
    expect(name).toMatch(/^FlumeData\.\d+\.tmp$/);
    await rig.stop();
    expect(contents(node)).toEqual({ [name.replace('.tmp', '')]: 'a\nb\nc\n' });
    expect(node.calls[0]).toBe(`CREATE /logs/a b/${name} by flume`);
    expect(node.calls.filter((call) => call.startsWith('data '))).toHaveLength(3);
  });

  it('whose answer is lost is asked for the length, and nothing comes twice', async () => {
    const node = await nameNode();
    const rig = await open(node);
    node.fates = ['lose answer', 'answer', 'lose answer'];
    for (const text of ['a', 'b', 'c']) await send(rig, text);
    await rig.stop();
    expect(Object.values(contents(node))).toEqual(['a\nb\nc\n']);
    expect(rig.counters.EventWriteFail).toBe(0);
  });

  it('that refuses gets the events again', async () => {
    const node = await nameNode();
    const rig = await open(node);
    node.fates = ['answer', 'refuse', 'refuse'];
    for (const text of ['a', 'b']) await send(rig, text);
    await rig.stop();
    expect(Object.values(contents(node))).toEqual(['a\nb\n']);
    expect(rig.lines.join()).toContain('was answered 403: AccessControlException');
  });

  it('that kept a part: the file keeps the name of one in use, and the events are in another', async () => {
    const node = await nameNode();
    const rig = await open(node);
    node.fates = ['answer', 'half'];
    for (const text of ['aaaa', 'bbbb']) await send(rig, text);
    await rig.stop();
    const files = Object.entries(contents(node));
    expect(files.filter(([name]) => !name.endsWith('.tmp')).map(([, text]) => text)).toEqual(['bbbb\n']);
    expect(files.filter(([name]) => name.endsWith('.tmp')).map(([, text]) => text)).toEqual(['aaaa\nbb']);
    expect(rig.lines.join()).toContain('is left with 5 bytes that count');
  });

  it('that does not rename: it is tried again, and holds up nothing', async () => {
    const node = await nameNode();
    node.renames = false;
    const rig = await open(node, { 'hdfs.rollCount': 1, 'hdfs.retryInterval': 1 });
    for (const text of ['a', 'b']) await send(rig, text);
    await until(() => rig.lines.some((line) => line.includes('cannot be given its own name')));
    node.renames = true;
    await until(async () => {
      rig.clock.advance(1000);
      await new Promise((resolve) => setTimeout(resolve, 2));
      return Object.keys(contents(node)).filter((name) => !name.endsWith('.tmp')).length > 0;
    });
  });

  it('that is not there: the events stay in the channel', async () => {
    const node = await nameNode();
    const rig = await open(node, { 'hdfs.webhdfs': 'http://127.0.0.1:1' });
    await put(rig.channel, 'a');
    await until(() => rig.counters.EventWriteFail > 0);
    expect(rig.lines.join()).toContain('no answer from 127.0.0.1:1');
    await rig.stop();
    expect(rig.channel.size).toBe(1);
  });
});
