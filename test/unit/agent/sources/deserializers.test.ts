/** What the deserializers of whole files and of Avro container files promise; container files are written by the package avsc. */
import { once } from 'node:events';
import fs from 'node:fs/promises';
import path from 'node:path';
import avsc from 'avsc';
import { describe, expect, it } from 'vitest';
import { serializers } from '../../../../src/agent/serializers/index.ts';
import { BATCH_BYTES } from '../../../../src/agent/sources/spooldir/deserializer.ts';
import { parseSchema } from '../../../../src/avro/schema/parse.ts';
import { schemaHash } from '../../../../src/avro/schema/text.ts';
import type { PlainEvent } from '../../../../src/core/event.ts';
import { type Container, containerFile } from '../../../kit/container-file.ts';
import { until } from '../../../kit/until.ts';
import { configured } from '../channels/make.ts';
import type { Rig } from './rig.ts';
import { SpoolDirectory, type SpoolProperties } from './spool-rig.ts';

const spool = new SpoolDirectory();
const write = spool.write.bind(spool);
const list = spool.list.bind(spool);
const CAPACITY = 100_000;

/** Reads all that is there with one source, from its start to its end. */
async function all(properties: SpoolProperties): Promise<Rig & { events: PlainEvent[] }> {
  const made = await spool.done(properties, CAPACITY);
  return { ...made, events: await made.takeAll() };
}

const textsOf = (events: readonly PlainEvent[]): string[] => events.map(({ body }) => Buffer.from(body).toString());

describe('BLOB', () => {
  const BLOB = { deserializer: 'org.apache.flume.sink.solr.morphline.BlobDeserializer$Builder' };

  it('makes a file one event, whatever is in it, with the headers of its file', async () => {
    await write('a', 'line 1\nline 2\n');
    const { events } = await all({ ...BLOB, basenameHeader: true });
    expect(events).toEqual([{ headers: { basename: 'a' }, body: Buffer.from('line 1\nline 2\n') }]);
    expect(await list()).toEqual(['a.COMPLETED']);
  });

  it('cuts a longer one, and says so once', async () => {
    await write('a', 'abcdefghij');
    const { events, warnings } = await all({ deserializer: 'blob', 'deserializer.maxBlobLength': 4 });
    expect(textsOf(events)).toEqual(['abcd', 'efgh', 'ij']);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('deserializer.maxBlobLength (4)');
  });

  it('makes one empty event of an empty file', async () => {
    await write('a', '');
    expect(textsOf((await all({ deserializer: 'BLOB' })).events)).toEqual(['']);
  });

  it('goes on after a restart behind the last piece that was committed', async () => {
    await write('a', 'abcdefghij');
    const properties = { deserializer: 'BLOB', 'deserializer.maxBlobLength': 2, batchSize: 1 };
    const first = await spool.start(properties, 3);
    await until(() => first.channel.size === 3);
    await first.source.stop();
    expect(await first.texts()).toEqual(['ab', 'cd', 'ef']);
    expect(textsOf((await all(properties)).events)).toEqual(['gh', 'ij']);
  });

  it('reads a file from its start when it was begun as lines', async () => {
    await write('a', 'a\nb\nc\n');
    const first = await spool.start({ batchSize: 1 }, 1);
    await until(() => first.channel.size === 1);
    await first.source.stop();
    const { events, warnings } = await all({ deserializer: 'BLOB' });
    expect(textsOf(events)).toEqual(['a\nb\nc\n']);
    expect(warnings.join()).toContain('its deserializer was LINE, not BLOB');
  });

  it('ends a batch when its bytes are many, however many events it could have', async () => {
    const piece = BATCH_BYTES / 2;
    await write('a', Buffer.alloc(5 * piece, 'x'));
    const made = await spool.start({ deserializer: 'BLOB', 'deserializer.maxBlobLength': piece }, CAPACITY);
    await made.source.whenEnded();
    expect((await made.takeAll()).map(({ body }) => body.length)).toEqual(Array.from({ length: 5 }, () => piece));
    expect(made.counters.AppendBatchAcceptedCount).toBe(3);
  });
});

describe('AVRO', () => {
  const SCHEMA = {
    type: 'record' as const,
    name: 'Point',
    namespace: 'geo',
    fields: [
      { name: 'x', type: 'int' as const },
      { name: 'tags', type: { type: 'map' as const, values: 'string' as const } },
    ],
  };
  const TYPE = avsc.Type.forSchema(SCHEMA);
  const POINTS = Array.from({ length: 10 }, (_, x) => ({ x, tags: { n: `number ${x}` } }));
  const BODIES = POINTS.map((point) => TYPE.toBuffer(point));

  const container = (
    blocks: readonly (readonly Buffer[])[],
    { schema = SCHEMA, ...form }: Partial<Container> = {},
  ): Buffer => containerFile(blocks, { ...form, schema });

  const bodiesOf = (events: readonly PlainEvent[]): Buffer[] => events.map(({ body }) => Buffer.from(body));
  const AVRO = { deserializer: 'AVRO' };

  it('makes each datum an event, whose body is the datum and whose header is the fingerprint of the schema', async () => {
    await write('a', container([BODIES.slice(0, 4), BODIES.slice(4)]));
    const { events } = await all({ ...AVRO, fileHeader: true, batchSize: 3 });
    expect(bodiesOf(events)).toEqual(BODIES);
    const headers = {
      file: path.join(spool.path, 'a'),
      'flume.avro.schema.hash': schemaHash(parseSchema(JSON.stringify(SCHEMA))),
    };
    for (const event of events) expect(event.headers).toEqual(headers);
    expect(await list()).toEqual(['a.COMPLETED']);
  });

  it('gives the schema itself when asked to', async () => {
    await write('a', container([BODIES.slice(0, 1)]));
    const { events } = await all({ ...AVRO, 'deserializer.schemaType': 'literal' });
    expect(events[0]?.headers['flume.avro.schema.literal']).toBe(
      '{"type":"record","name":"Point","namespace":"geo","fields":[{"name":"x","type":"int"},{"name":"tags","type":{"type":"map","values":"string"}}]}',
    );
  });

  it.each(['null', 'deflate'])('reads what another library wrote with the codec %s', async (codec) => {
    const encoder = avsc.createFileEncoder(path.join(spool.path, '.a'), SCHEMA, { codec, blockSize: 30 });
    for (const point of POINTS) encoder.write(point);
    encoder.end();
    await once(encoder, 'close');
    await fs.rename(path.join(spool.path, '.a'), path.join(spool.path, 'a'));
    expect(bodiesOf((await all(AVRO)).events)).toEqual(BODIES);
  });

  it.each(['null', 'deflate'])(
    'goes on after a restart behind the last committed datum, within a block too (%s)',
    async (codec) => {
      await write('a', container([BODIES.slice(0, 5), [], BODIES.slice(5)], { codec }));
      let all: Buffer[] = [];
      // Each run has room for three: it ends in the middle of a block, at the end of one, and so on.
      for (let run = 0; run < 3; run++) {
        const made = await spool.start({ ...AVRO, batchSize: 1 }, 3);
        await until(() => made.channel.size === 3);
        await made.source.stop();
        all = [...all, ...bodiesOf(await made.takeAll())];
      }
      const last = await spool.start(AVRO);
      await last.source.whenEnded();
      expect([...all, ...bodiesOf(await last.takeAll())]).toEqual(BODIES);
    },
  );

  it('ends a batch when its bytes are many', async () => {
    const bytes = avsc.Type.forSchema('bytes');
    const body = bytes.toBuffer(Buffer.alloc(BATCH_BYTES / 2));
    await write(
      'a',
      container(
        [
          [body, body, body],
          [body, body],
        ],
        { schema: 'bytes' },
      ),
    );
    const made = await spool.start(AVRO);
    await made.source.whenEnded();
    expect((await made.takeAll()).length).toBe(5);
    expect(made.counters.AppendBatchAcceptedCount).toBe(3);
  });

  it.each(['null', 'deflate', 'snappy'])(
    'reads what the serializer avro_event writes (%s)',
    async (compressionCodec) => {
      const serializer = configured(
        serializers.get('avro_event'),
        { compressionCodec, syncIntervalBytes: 40 },
        { owner: 'k1' },
      )();
      const events = Array.from({ length: 5 }, (_, i) => ({
        headers: { i: String(i) },
        body: Buffer.from(`body ${i} `.repeat(9)),
      }));
      await write('a', Buffer.concat([...serializer.begin(), ...serializer.batch(events)]));
      const read = (await all({ ...AVRO, 'deserializer.schemaType': 'LITERAL' })).events;
      const type = avsc.Type.forSchema(JSON.parse(read[0]?.headers['flume.avro.schema.literal'] ?? '') as avsc.Schema);
      expect(read.map(({ body }) => type.fromBuffer(Buffer.from(body)) as unknown)).toEqual(events);
    },
  );

  it('reads a header of any length', async () => {
    const schema = { ...SCHEMA, doc: 'long '.repeat(50_000) };
    await write('a', container([BODIES], { schema }));
    expect(bodiesOf((await all(AVRO)).events)).toEqual(BODIES);
  });

  const packed = container([BODIES], { codec: 'deflate' });
  const whole = container([BODIES.slice(0, 5), BODIES.slice(5)]);
  const second = whole.length - container([[], BODIES.slice(5)]).length + container([[]]).length;
  const changed = (at: number, byte: number): Buffer => Buffer.from(whole).fill(byte, at, at + 1);
  it.each([
    ['is no container file', Buffer.from('no avro at all'), 0, 'it is no Avro container file'],
    ['is empty', Buffer.alloc(0), 0, 'it is no Avro container file'],
    ['ends in its header', whole.subarray(0, 60), 0, 'its header is damaged'],
    ['ends in a block', whole.subarray(0, -20), 5, 'but the file has only'],
    ['ends before its last marker does', whole.subarray(0, -1), 5, 'but the file has only'],
    ['has a marker of another file', changed(whole.length - 1, 0), 5, 'the marker behind it is not that of the file'],
    ['says that a block has far more data than it has', changed(second, 126), 10, 'is damaged'],
    [
      'has a datum that is none of its schema',
      container([[...BODIES.slice(0, 2), Buffer.from('0003', 'hex')]]),
      2,
      'datum 3 of the block',
    ],
    ['says it has more data than it has', container([BODIES], { more: 1 }), 10, 'datum 11 of the block'],
    ['is packed in an unknown way', container([BODIES], { codec: 'bzip2' }), 0, 'its codec bzip2 cannot be read here'],
    ['has no valid schema', container([BODIES], { schema: 'Nothing' }), 0, 'there is no type Nothing'],
    [
      'has a block that does not unpack',
      Buffer.from(packed).fill(7, packed.length - 30, packed.length - 16),
      0,
      'is damaged',
    ],
  ])(
    'leaves a file that %s, delivers what is whole of it, and goes on with the next',
    async (_what, bytes, delivered, why) => {
      await write('a', bytes);
      await write('b', container([BODIES.slice(0, 1)]));
      await fs.utimes(path.join(spool.path, 'a'), 1000, 1000);
      const { counters, errors, events } = await all(AVRO);
      expect(bodiesOf(events)).toEqual([...BODIES.slice(0, delivered), BODIES[0]]);
      expect(errors).toHaveLength(1);
      expect(errors[0]).toContain(why);
      expect(counters.EventReadFail).toBe(1);
      expect(await list()).toEqual(['a', 'b.COMPLETED']);
    },
  );
});
