import fs from 'node:fs';
import path from 'node:path';
import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { crc32c } from '../../../src/durable/crc32c.ts';
import { nodeFiles } from '../../../src/durable/files.ts';
import { lockDirectory } from '../../../src/durable/lock.ts';
import { RecordLog } from '../../../src/durable/record-log.ts';
import { ownDirectory } from '../../kit/directory.ts';
import { FaultyFiles, type FaultyOperation } from '../../kit/faulty-files.ts';

async function open(directory: string, files = nodeFiles, segmentBytes = 200) {
  const found: string[] = [];
  const log = await RecordLog.open({ files, directory, name: 'log', segmentBytes }, (bytes) => {
    found.push(bytes.toString());
  });
  return { log, found };
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: { code: string }) => error.code,
  );

test('CRC32C of the check string is that of the specification', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  expect(crc32c(Buffer.from('1234'), Buffer.from('56789'))).toBe(0xe3069283);
});

describe('records that were synced are found again, in order', () => {
  test('over several segments, and after several openings', async () => {
    const directory = ownDirectory();
    for (let run = 0; run < 3; run++) {
      const { log, found } = await open(directory);
      expect(found).toEqual(Array.from({ length: run * 20 }, (_, i) => `record ${i}`));
      for (let i = run * 20; i < run * 20 + 20; i++) await log.append(Buffer.from(`record ${i}`));
      await log.close();
    }
  });

  test('what waits at one time costs one sync', async () => {
    const files = new FaultyFiles();
    const { log } = await open(ownDirectory(), files, 1_000_000);
    await log.append(Buffer.from('first'));
    const before = files.counts.sync;
    await Promise.all(Array.from({ length: 100 }, (_, i) => log.append(Buffer.from(`${i}`))));
    expect(files.counts.sync - before).toBe(1);
    await log.close();
  });

  interface Action {
    readonly kind: 'append' | 'group' | 'fail' | 'reopen' | 'kill' | 'cut';
    readonly operation: FaultyOperation;
    readonly size: number;
  }
  const action = fc.record<Action>({
    kind: fc.constantFrom('append', 'append', 'group', 'fail', 'reopen', 'kill', 'cut'),
    operation: fc.constantFrom('append', 'sync', 'create', 'syncDirectory'),
    size: fc.integer({ min: 1, max: 90 }),
  });

  property.prop([fc.array(action, { maxLength: 40 })], { numRuns: 150 })(
    'whatever fails, is killed or loses power between them',
    async (actions) => {
      const directory = fs.mkdtempSync('/tmp/streamjob-log-');
      let files = new FaultyFiles();
      let { log } = await open(directory, files);
      const acknowledged: string[] = [];
      const possible = new Set<string>();
      let next = 0;
      // A process that is killed closes its files too; here that would only come late.
      const killed: RecordLog[] = [];
      const append = async (size: number): Promise<void> => {
        const text = `${next++}:${'x'.repeat(size)}`;
        possible.add(text);
        await log.append(Buffer.from(text)).then(
          () => acknowledged.push(text),
          () => {},
        );
      };
      for (const { kind, operation, size } of [...actions, { kind: 'reopen' } as Action]) {
        if (kind === 'append') await append(size);
        else if (kind === 'group') await Promise.all([append(size), append(1), append(size)]);
        else if (kind === 'fail') files.fail(operation, size % 3);
        else {
          if (kind === 'cut') files.powerCut();
          if (kind === 'kill') killed.push(log);
          else await log.close().catch(() => {});
          files = new FaultyFiles();
          const reopened = await open(directory, files);
          log = reopened.log;
          // All that was acknowledged, in its order; what was not may be there, but nothing else.
          expect(reopened.found.filter((text) => acknowledged.includes(text))).toEqual(acknowledged);
          expect(reopened.found.every((text) => possible.has(text))).toBe(true);
        }
      }
      for (const each of [...killed, log]) await each.close().catch(() => {});
      fs.rmSync(directory, { recursive: true });
    },
  );
});

describe('damage is told from a torn tail', () => {
  async function written(directory: string): Promise<string> {
    const { log } = await open(directory, nodeFiles, 1_000_000);
    for (const text of ['one', 'two', 'three']) await log.append(Buffer.from(text));
    await log.close();
    return path.join(directory, 'log-0000000001.log');
  }

  test('a torn tail is cut, and the log goes on', async () => {
    const directory = ownDirectory();
    const file = await written(directory);
    fs.appendFileSync(file, fs.readFileSync(file).subarray(16, 36));
    const { log, found } = await open(directory);
    expect(found).toEqual(['one', 'two', 'three']);
    await log.append(Buffer.from('four'));
    await log.close();
    expect((await open(directory)).found).toEqual(['one', 'two', 'three', 'four']);
  });

  test('a flipped byte in any record that was synced is an error, the last one included', async () => {
    const directory = ownDirectory();
    const file = await written(directory);
    const whole = fs.readFileSync(file);
    for (const text of ['one', 'two', 'three']) {
      const damaged = Buffer.from(whole);
      const at = damaged.indexOf(text);
      damaged[at] = (damaged[at] as number) ^ 1;
      fs.writeFileSync(file, damaged);
      expect(await codeOf(open(directory))).toBe('LOG_CORRUPT');
    }
    fs.writeFileSync(file, whole);
    expect((await open(directory)).found).toEqual(['one', 'two', 'three']);
  });

  test('a segment that is missing is an error, and so is one that is cut short', async () => {
    const directory = ownDirectory();
    const { log } = await open(directory);
    for (let i = 0; i < 30; i++) await log.append(Buffer.from(`record ${i}`));
    await log.close();
    const [, second = ''] = fs.readdirSync(directory).sort();
    const content = fs.readFileSync(path.join(directory, second));
    fs.writeFileSync(path.join(directory, second), content.subarray(0, 100));
    expect(await codeOf(open(directory))).toBe('LOG_CORRUPT');
    fs.rmSync(path.join(directory, second));
    expect(await codeOf(open(directory))).toBe('LOG_CORRUPT');
  });
});

test('old segments can be removed; the one that is written to stays', async () => {
  const directory = ownDirectory();
  const { log } = await open(directory);
  for (let i = 0; i < 30; i++) await log.append(Buffer.from(`record ${i}`));
  const segments = log.segments;
  const last = segments.at(-1)?.number ?? 0;
  await Promise.all([log.removeThrough(last - 1), log.removeThrough(last - 1), log.removeThrough(last)]);
  expect(log.segments.map(({ number }) => number)).toEqual([last]);
  await log.append(Buffer.from('end'));
  await log.close();
  expect((await open(directory)).found.at(-1)).toBe('end');
});

test('one owner per directory', async () => {
  const directory = ownDirectory();
  const locked = { code: 'CHECKPOINT_LOCKED', message: 'in use', hint: 'wait' } as const;
  const lock = await lockDirectory(directory, 'test', locked);
  expect(await codeOf(lockDirectory(directory, 'test', locked))).toBe('CHECKPOINT_LOCKED');
  await lock.release();
  await (await lockDirectory(directory, 'test', locked)).release();
});
