/** The hdfs sink on files of this machine: names, rolling, buckets, formats. Cases of Flume's tests carry their ids. */
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import avsc from 'avsc';
import { describe, expect, it, onTestFinished } from 'vitest';
import { putAll } from '../../../../src/agent/channels/put-all.ts';
import { hdfs } from '../../../../src/agent/sinks/hdfs.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { FaultyFiles } from '../../../kit/faulty-files.ts';
import { event, put, settle } from '../channels/use.ts';
import { type SinkRig, sinkRig, until } from './rig.ts';

interface Files extends SinkRig {
  readonly directory: string;
  /** Names of the files below, sorted. */
  names(): string[];
  read(name: string): Buffer;
}

/** Without limits to how long a file is written. */
const OPEN_END = { 'hdfs.rollInterval': 0, 'hdfs.rollSize': 0, 'hdfs.rollCount': 0 };

async function open(
  properties: Record<string, string | number | boolean> = {},
  below = '',
  files?: FaultyFiles,
): Promise<Files> {
  const directory = path.join(ownDirectory(), 'hdfs');
  const all = { 'hdfs.path': `file://${directory}${below}`, 'hdfs.fileType': 'DataStream', ...OPEN_END, ...properties };
  const rig = await sinkRig(hdfs, all, undefined, files);
  onTestFinished(() => rig.stop());
  const names = (): string[] => {
    if (!fs.existsSync(directory)) return [];
    const found = fs.readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    // By their numbers: 2 comes before 10.
    return found
      .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)))
      .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  };
  return { ...rig, directory, names, read: (name) => fs.readFileSync(path.join(directory, name)) };
}

const texts = (count: number, text?: string): string[] => Array.from({ length: count }, (_, i) => text ?? `event ${i}`);
const delivered = (rig: SinkRig, events: number): Promise<void> =>
  until(() => rig.counters.EventDrainSuccessCount === events);

async function send(rig: SinkRig, all: readonly string[], batch = all.length): Promise<void> {
  const before = rig.counters.EventDrainSuccessCount;
  for (let i = 0; i < all.length; i += batch) {
    await put(rig.channel, ...all.slice(i, i + batch));
    await delivered(rig, before + Math.min(i + batch, all.length));
  }
}

describe('rolling', () => {
  it('testbucketwriter/testeventcountingroller#232: by count', async () => {
    const rig = await open({
      'hdfs.rollCount': 100,
      'hdfs.batchSize': 100,
      serializer: 'text',
      'serializer.appendNewline': false,
    });
    await send(rig, texts(1000, 'foo'), 500);
    await rig.stop();
    expect(rig.names()).toHaveLength(10);
    expect(rig.names().reduce((bytes, name) => bytes + rig.read(name).length, 0)).toBe(3000);
  });

  it('testbucketwriter/testsizeroller#491: by size', async () => {
    const rig = await open({ 'hdfs.rollSize': 300, 'serializer.appendNewline': false });
    await send(rig, texts(1000, 'foo'), 500);
    await rig.stop();
    expect(rig.names().map((name) => rig.read(name).length)).toEqual(texts(10).map(() => 300));
  });

  it('testbucketwriter/testintervalroller#233: by time, also when nothing comes', async () => {
    const rig = await open({ 'hdfs.rollInterval': 1 });
    await send(rig, texts(9));
    expect(rig.names()[0]).toMatch(/\.tmp$/);
    rig.clock.advance(2000);
    await until(() => rig.names().every((name) => !name.endsWith('.tmp')));
    expect(rig.names()).toHaveLength(1);
    await send(rig, ['later']);
    rig.clock.advance(2000);
    await until(() => rig.names().length === 2 && rig.names().every((name) => !name.endsWith('.tmp')));
    expect([rig.counters.ConnectionCreatedCount, rig.counters.ConnectionClosedCount]).toEqual([2, 2]);
  });

  it('testhdfseventsink/testtextbatchappend#240: batches of two, files of ten', async () => {
    const rig = await open({ 'hdfs.rollCount': 10, 'hdfs.batchSize': 2, 'hdfs.writeFormat': 'Text' });
    await send(rig, texts(100), 2);
    await rig.stop();
    expect(rig.names()).toHaveLength(10);
    expect(
      rig
        .names()
        .map((name) => rig.read(name).toString())
        .join(''),
    ).toBe(
      texts(100)
        .map((text) => `${text}\n`)
        .join(''),
    );
  });

  it('testhdfseventsink/testtextappend#241: batches of two, files of three', async () => {
    const rig = await open({ 'hdfs.rollCount': 3, 'hdfs.batchSize': 2 });
    await send(rig, texts(6), 2);
    await rig.stop();
    expect(rig.names().map((name) => rig.read(name).toString())).toEqual([
      'event 0\nevent 1\nevent 2\n',
      'event 3\nevent 4\nevent 5\n',
    ]);
  });

  it('by rest', async () => {
    const rig = await open({ 'hdfs.idleTimeout': 5 });
    await send(rig, ['a']);
    rig.clock.advance(4000);
    await send(rig, ['b']);
    rig.clock.advance(4000);
    await settle();
    expect(rig.names()[0]).toMatch(/\.tmp$/);
    rig.clock.advance(1000);
    await until(() => rig.names()[0]?.endsWith('.tmp') === false);
  });

  it('when more files are written than may be', async () => {
    const rig = await open({ 'hdfs.maxOpenFiles': 2 }, '/%{kind}');
    for (const [i, kind] of ['a', 'b', 'a', 'c'].entries()) {
      rig.clock.advance(10);
      await putAll(rig.channel, [event('x', { kind })]);
      await delivered(rig, i + 1);
    }
    await until(() => rig.names().filter((name) => !name.endsWith('.tmp')).length === 1);
    expect(rig.names().find((name) => !name.endsWith('.tmp'))).toMatch(/^b\//);
  });
});

describe('names', () => {
  it.each([
    ['testbucketwriter/testfilesuffixnotgiven#234', {}, 'FlumeData.1.tmp'],
    ['testbucketwriter/testfilesuffixgiven#235', { 'hdfs.fileSuffix': '.avro' }, 'FlumeData.1.avro.tmp'],
    [
      'testbucketwriter/testfilesuffixcompressed#492',
      { 'hdfs.fileSuffix': '.foo', 'hdfs.codeC': 'gzip', 'hdfs.fileType': 'CompressedStream' },
      'FlumeData.1.foo.tmp',
    ],
    ['a codec has a suffix', { 'hdfs.codeC': 'GzipCodec', 'hdfs.fileType': 'CompressedStream' }, 'FlumeData.1.gz.tmp'],
    ['testbucketwriter/testinuseprefix#236', { 'hdfs.inUsePrefix': 'WRITING_' }, 'WRITING_FlumeData.1.tmp'],
    ['testbucketwriter/testinusesuffix#237', { 'hdfs.inUseSuffix': 'WELCOME' }, 'FlumeData.1WELCOME'],
    ['nothing behind it', { 'hdfs.emptyInUseSuffix': true, 'hdfs.inUsePrefix': '_' }, '_FlumeData.1'],
    ['a prefix with escapes', { 'hdfs.filePrefix': '%{h}-x' }, 'H-x.1.tmp'],
  ] as const)('%s: its name', async (_id, properties, name) => {
    const rig = await open(properties as unknown as Record<string, string>);
    await putAll(rig.channel, [event('x', { h: 'H' })]);
    await delivered(rig, 1);
    expect(rig.names()).toEqual([name]);
    await rig.stop();
    const done = name.replace(/^WRITING_|^_|\.tmp$|WELCOME$/g, '');
    expect(rig.names()).toEqual([done]);
  });

  it('testhdfseventsink/testsimpleappendlocaltime#242: the time of this machine, whatever events say', async () => {
    const rig = await open({ 'hdfs.useLocalTimeStamp': true }, '/%s');
    rig.clock.advance(7_000_500);
    await putAll(rig.channel, [event('a'), event('b', { timestamp: '99000' })]);
    await delivered(rig, 2);
    expect(rig.names().map((name) => path.dirname(name))).toEqual(['7000']);
  });

  it('the time of each event, in the zone and cut down as the file says', async () => {
    const rig = await open(
      { 'hdfs.timeZone': 'America/New_York', 'hdfs.round': true, 'hdfs.roundValue': 10, 'hdfs.roundUnit': 'minute' },
      '/%{host}/%Y-%m-%d/%H%M',
    );
    await putAll(rig.channel, [
      event('a', { host: 'h1', timestamp: String(Date.UTC(2026, 0, 2, 3, 17)) }),
      event('b', { host: 'h2', timestamp: String(Date.UTC(2026, 6, 2, 3, 17)) }),
    ]);
    await delivered(rig, 2);
    expect(rig.names().map((name) => path.dirname(name))).toEqual(['h1/2026-01-01/2210', 'h2/2026-07-01/2310']);
  });

  it('an event without a time goes to that of this machine, and is told; those behind it go on', async () => {
    const rig = await open({}, '/%s');
    rig.clock.advance(5000);
    await putAll(rig.channel, [event('no time'), event('b', { timestamp: '1000' })]);
    await delivered(rig, 2);
    expect(rig.names().map((name) => path.dirname(name))).toEqual(['1', '5']);
    expect(rig.lines.join()).toContain('the time of this machine is taken for 1 events so far');
  });
});

describe('formats', () => {
  it('testhdfseventsink/testavroappend#244: Avro containers', async () => {
    const rig = await open({ serializer: 'AVRO_EVENT', 'hdfs.rollCount': 3, 'hdfs.batchSize': 2 });
    await send(rig, texts(6), 2);
    await rig.stop();
    const contents = await Promise.all(
      rig.names().map(
        (name) =>
          new Promise<string[]>((resolve, reject) => {
            const bodies: string[] = [];
            const decoder = new avsc.streams.BlockDecoder();
            decoder.on('data', ({ body }: { body: Buffer }) => bodies.push(body.toString()));
            decoder.once('end', () => resolve(bodies)).once('error', reject);
            decoder.end(rig.read(name));
          }),
      ),
    );
    expect(contents).toEqual([texts(6).slice(0, 3), texts(6).slice(3)]);
  });

  it('gzip, whose members are read as one', async () => {
    const rig = await open({ 'hdfs.codeC': 'gzip', 'hdfs.fileType': 'CompressedStream' });
    await send(rig, texts(6), 2);
    await rig.stop();
    expect(rig.names().map((name) => zlib.gunzipSync(rig.read(name)).toString())).toEqual([
      texts(6)
        .map((text) => `${text}\n`)
        .join(''),
    ]);
  });

  it('testhdfseventsink/testsimpleappend#494: SequenceFiles', async () => {
    const rig = await open({ 'hdfs.fileType': 'SequenceFile', 'hdfs.rollCount': 5, 'hdfs.batchSize': 2 });
    await send(rig, texts(6), 2);
    await rig.stop();
    expect(rig.names()).toHaveLength(2);
    const [first = Buffer.alloc(0)] = rig.names().map((name) => rig.read(name));
    expect(first.subarray(0, 4)).toEqual(Buffer.from('SEQ\u0006', 'latin1'));
    expect(first.toString('latin1')).toContain('org.apache.hadoop.io.BytesWritable');
  });
});

describe('failures', () => {
  it('testhdfseventsink/testemptychannelresultsinstatusbackoff#243: an empty channel is none', async () => {
    const rig = await open();
    expect(await rig.sink.process(new AbortController().signal)).toBe('backoff');
  });

  it('testbucketwriter/testrotatebucketonioexception#239: a file that could not be written is left, and the next batch has another', async () => {
    const files = new FaultyFiles();
    const rig = await open({}, '', files);
    await send(rig, ['a']);
    files.fail('append', 0, 1);
    await put(rig.channel, 'b');
    await until(() => rig.counters.EventWriteFail === 1);
    rig.clock.advance(5000);
    await delivered(rig, 2);
    await rig.stop();
    const whole = rig.names().filter((name) => !name.endsWith('.tmp'));
    expect(whole.map((name) => rig.read(name).toString())).toEqual(['b\n']);
    // What had been delivered before is in the file that was left.
    expect(
      rig
        .names()
        .filter((name) => name.endsWith('.tmp'))
        .map((name) => rig.read(name).toString()),
    ).toEqual(['a\n']);
  });

  it.each([
    ['testbucketwriter/testsequencefilerenameretries#238', 5],
    ['testbucketwriter/testsequencefilecloseretries#493: a close is the rename here', 1],
  ])('%s: a name that cannot be given is tried %i times', async (_id, closeTries) => {
    const files = new FaultyFiles();
    const rig = await open({ 'hdfs.closeTries': closeTries, 'hdfs.retryInterval': 1, 'hdfs.rollCount': 1 }, '', files);
    await send(rig, ['a']);
    files.fail('rename', 0, Number.POSITIVE_INFINITY);
    await send(rig, ['b']);
    for (let i = 0; i < closeTries + 3; i++) {
      await settle();
      rig.clock.advance(1000);
    }
    await settle();
    expect(rig.lines.filter((line) => line.includes('cannot be given its own name'))).toHaveLength(closeTries);
  });
});

it.each([
  [{ 'hdfs.path': 'logs' }, 'hdfs.path expected a path such as'],
  [{ 'hdfs.path': '/logs' }, 'does not say which name node'],
  [{ 'hdfs.path': 's3a://bucket/logs' }, 'begins with s3a:'],
  [{ 'hdfs.path': 'file:///x/%[nobody]' }, '%[nobody] is unknown'],
  [
    { 'hdfs.path': 'file:///x', 'hdfs.kerberosPrincipal': 'a' },
    'hdfs.kerberosPrincipal is refused: Kerberos is not supported',
  ],
  [{ 'hdfs.path': 'file:///x', 'hdfs.fileType': 'CompressedStream' }, 'needs hdfs.codeC'],
  [{ 'hdfs.path': 'file:///x', 'hdfs.fileType': 'DataStream', 'hdfs.codeC': 'gzip' }, 'is not compressed here'],
  [
    { 'hdfs.path': 'file:///x', 'hdfs.fileType': 'CompressedStream', 'hdfs.codeC': 'snappy' },
    'is snappy, expected gzip',
  ],
  [{ 'hdfs.path': 'file:///x', 'hdfs.timeZone': 'Mars' }, 'hdfs.timeZone is Mars'],
  [{ 'hdfs.path': 'file:///x', 'hdfs.roundUnit': 'hour', 'hdfs.roundValue': 30 }, 'more than the 24 hours'],
])('%j is refused', async (properties, reason) => {
  await expect(sinkRig(hdfs, properties as unknown as Record<string, string>)).rejects.toThrow(reason);
});
