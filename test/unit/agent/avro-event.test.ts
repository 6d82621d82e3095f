/** Files of the avro_event serializer, read by another implementation of Avro. */

import fs from 'node:fs';
import path from 'node:path';
import avsc from 'avsc';
import { describe, expect, it } from 'vitest';
import { avroEvent } from '../../../src/agent/serializers/avro-event.ts';
import { fileRoll } from '../../../src/agent/sinks/file-roll.ts';
import { ownDirectory } from '../../kit/directory.ts';
import { configured } from './channels/make.ts';
import { event, put } from './channels/use.ts';
import { sinkRig, until } from './sinks/rig.ts';

interface Record {
  readonly headers: { readonly [name: string]: string };
  readonly body: Buffer;
}

/** The records of a container, by avsc. */
function recordsOf(bytes: Buffer): Promise<Record[]> {
  const decoder = new avsc.streams.BlockDecoder();
  return new Promise((resolve, reject) => {
    const records: Record[] = [];
    decoder.on('data', (record: Record) => records.push(record));
    decoder.once('end', () => resolve(records)).once('error', reject);
    decoder.end(bytes);
  });
}

const EVENTS = Array.from({ length: 50 }, (_, i) => event('é'.repeat(i), { n: String(i), empty: '' }));

describe('avro_event', () => {
  it.each([
    [{}, 1],
    [{ compressionCodec: 'deflate' }, 1],
    [{ syncIntervalBytes: 200, compressionCodec: 'DEFLATE' }, 2],
  ])('with %j makes a container that Avro reads', async (properties, least) => {
    const file = configured(avroEvent, properties as unknown as { [name: string]: string }, { owner: 'sink k1' })();
    const bytes = Buffer.concat([...file.begin(), ...file.batch(EVENTS.slice(0, 20)), ...file.batch(EVENTS.slice(20))]);
    const records = await recordsOf(bytes);
    expect(records.map(({ headers }) => ({ ...headers }))).toEqual(EVENTS.map(({ headers }) => headers));
    expect(records.map(({ body }) => body.toString())).toEqual(EVENTS.map(({ body }) => Buffer.from(body).toString()));
    // Each block ends with the marker, which stands at the end of the beginning too.
    const marker = Buffer.concat([...file.begin()]).subarray(-16);
    expect(bytes.toString('latin1').split(marker.toString('latin1')).length - 2).toBeGreaterThanOrEqual(2 * least);
  });

  it('refuses a codec that is not here', () => {
    expect(() => configured(avroEvent, { compressionCodec: 'bzip2' }, { owner: 'sink k1' })).toThrow(
      'expected one of null, deflate',
    );
  });

  it('makes the files of file_roll, each a container of its own', async () => {
    const directory = path.join(ownDirectory(), 'rolled');
    const rig = await sinkRig(fileRoll, {
      'sink.directory': directory,
      'sink.serializer': 'AVRO_EVENT',
      'sink.rollInterval': 1,
    });
    for (const [i, text] of ['a', 'b', 'c'].entries()) {
      await put(rig.channel, text);
      await until(() => rig.counters.EventDrainSuccessCount === i + 1);
      if (i === 1) rig.clock.advance(2000);
    }
    await rig.stop();
    const files = fs.readdirSync(directory).map((name) => fs.readFileSync(path.join(directory, name)));
    const contents = await Promise.all(files.filter(({ length }) => length > 0).map(recordsOf));
    expect(contents.map((records) => records.map(({ body }) => body.toString())).sort()).toEqual([['a', 'b'], ['c']]);
  });
});
