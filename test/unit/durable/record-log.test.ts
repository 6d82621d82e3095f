import fs from 'node:fs';
import path from 'node:path';
import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { crc32c } from '../../../src/core/crc32c.ts';
import { nodeFiles } from '../../../src/core/files.ts';
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
  expect(crc32c(Buffer.from('56789'), crc32c(Buffer.from('1234')))).toBe(0xe3069283);
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
    readonly kind: 'append' | 'group' | 'fail' | 'failTwice' | 'heal' | 'reopen' | 'kill' | 'cut';
    readonly operation: FaultyOperation;
    readonly size: number;
  }
  const action = fc.record<Action>({
    kind: fc.constantFrom('append', 'append', 'group', 'fail', 'failTwice', 'heal', 'reopen', 'kill', 'cut'),
    operation: fc.constantFrom('append', 'sync', 'create', 'syncDirectory', 'truncate', 'truncate', 'remove', 'rename'),
    size: fc.integer({ min: 1, max: 90 }),
  });

  property.prop([fc.array(action, { maxLength: 40 })], { numRuns: 300 })(
    'whatever fails, is killed or loses power between them',
    async (actions) => {
      const directory = fs.mkdtempSync('/tmp/streamjob-log-');
      let files = new FaultyFiles();
      let { log } = await open(directory, files);
      const acknowledged: string[] = [];
      /** Rejected: the log may hold them until it has written something else, or was closed; never after that. */
      const rejected = new Set<string>();
      const gone = new Set<string>();
      const possible = new Set<string>();
      let next = 0;
      // A process that is killed closes its files too; here that would only come late.
      const killed: RecordLog[] = [];
      const forget = (): void => {
        for (const text of rejected) gone.add(text);
        rejected.clear();
      };
      const append = async (size: number): Promise<void> => {
        const text = `${next++}:${'x'.repeat(size)}`;
        possible.add(text);
        await log.append(Buffer.from(text)).then(
          () => {
            acknowledged.push(text);
            forget();
          },
          () => rejected.add(text),
        );
      };
      for (const { kind, operation, size } of [...actions, { kind: 'reopen' } as Action]) {
        if (kind === 'append') await append(size);
        else if (kind === 'group') await Promise.all([append(size), append(1), append(size)]);
        else if (kind === 'fail') files.fail(operation, size % 3);
        else if (kind === 'failTwice') {
          // And what it left cannot be cut off for a while.
          files.fail(operation, size % 2);
          files.fail('truncate', 0, 1 + (size % 3));
        } else if (kind === 'heal') files.heal();
        else {
          if (kind === 'cut') files.powerCut();
          if (kind === 'kill') {
            files.kill();
            killed.push(log);
          } else await log.close().then(forget, () => {});
          files = new FaultyFiles();
          const reopened = await open(directory, files);
          log = reopened.log;
          // All that was acknowledged, in its order; what was not may be there, unless the log has gone on since.
          expect(reopened.found.filter((text) => acknowledged.includes(text))).toEqual(acknowledged);
          expect(reopened.found.filter((text) => !possible.has(text) || gone.has(text))).toEqual([]);
          rejected.clear();
        }
      }
      for (const each of [...killed, log]) await each.close().catch(() => {});
      fs.rmSync(directory, { recursive: true });
    },
  );
});

describe('a record whose append was rejected, and which a fault keeps from being cut off', () => {
  const ROOM = 1_000_000;

  async function refused(files: FaultyFiles, directory: string): Promise<RecordLog> {
    const { log } = await open(directory, files, ROOM);
    await log.append(Buffer.from('before'));
    files.fail('sync', 0, 1);
    files.fail('truncate', 0, Number.POSITIVE_INFINITY);
    expect(await codeOf(log.append(Buffer.from('refused')))).toBe('FILE_ACCESS');
    return log;
  }

  test('keeps everything else from being written until it is cut off', async () => {
    const [directory, files] = [ownDirectory(), new FaultyFiles()];
    const log = await refused(files, directory);
    const written = files.counts.append;
    for (let i = 0; i < 3; i++) expect(await codeOf(log.append(Buffer.from('later')))).toBe('FILE_ACCESS');
    expect(files.counts.append).toBe(written);
    files.heal();
    await log.append(Buffer.from('after'));
    files.kill();
    await log.close();
    expect((await open(directory, nodeFiles, ROOM)).found).toEqual(['before', 'after']);
  });

  test('is cut off when the log is closed', async () => {
    const [directory, files] = [ownDirectory(), new FaultyFiles()];
    const log = await refused(files, directory);
    files.heal();
    await log.close();
    expect((await open(directory, nodeFiles, ROOM)).found).toEqual(['before']);
  });

  test('is not read again', async () => {
    const log = await refused(new FaultyFiles(), ownDirectory());
    const found: string[] = [];
    const read = (): Promise<void> => log.read((payload) => void found.push(payload.toString()));
    expect(await codeOf(read())).toBe('FILE_ACCESS');
    expect(found).toEqual([]);
  });

  test('makes closing fail while it cannot be', async () => {
    const log = await refused(new FaultyFiles(), ownDirectory());
    expect(await codeOf(log.close())).toBe('FILE_ACCESS');
  });

  test('does not outlive its file', async () => {
    const [directory, files] = [ownDirectory(), new FaultyFiles()];
    const log = await refused(files, directory);
    await log.removeThrough(1);
    await log.append(Buffer.from('after'));
    await log.close();
    expect((await open(directory, nodeFiles, ROOM)).found).toEqual(['after']);
  });

  test('a record that is synced counts, even if the mark behind it cannot be written', async () => {
    const [directory, files] = [ownDirectory(), new FaultyFiles()];
    const { log } = await open(directory, files, ROOM);
    await log.append(Buffer.from('one'));
    files.fail('append', 1);
    await log.append(Buffer.from('two'));
    await log.append(Buffer.from('three'));
    await log.close();
    expect((await open(directory, nodeFiles, ROOM)).found).toEqual(['one', 'two', 'three']);
  });
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

describe('a log that was closed in peace', () => {
  async function closed(records: number) {
    const directory = ownDirectory();
    const { log } = await open(directory);
    for (let i = 0; i < records; i++) await log.append(Buffer.from(`record ${i}`));
    await log.close();
    const segments = fs.readdirSync(directory).filter((name) => name.endsWith('.log'));
    return { directory, newest: path.join(directory, segments.at(-1) as string), segments };
  }

  test('is refused when its newest segment is shorter now, also by whole records', async () => {
    const { directory, newest } = await closed(3);
    const size = fs.statSync(newest).size;
    // Behind the header, the first record and what says that it is synced.
    fs.truncateSync(newest, 16 + 20 + 'record 0'.length + 20);
    expect(await codeOf(open(directory))).toBe('LOG_CORRUPT');
    fs.truncateSync(newest, 0);
    expect(await codeOf(open(directory))).toBe('LOG_CORRUPT');
    expect(size).toBeGreaterThan(100);
  });

  test('is refused when its newest segment is missing, or all are', async () => {
    const { directory, newest, segments } = await closed(20);
    expect(segments.length).toBeGreaterThan(2);
    fs.rmSync(newest);
    expect(await codeOf(open(directory))).toBe('LOG_CORRUPT');
    for (const name of segments) fs.rmSync(path.join(directory, name), { force: true });
    expect(await codeOf(open(directory))).toBe('LOG_CORRUPT');
  });

  test('may go on, be killed, and lose old segments', async () => {
    const { directory } = await closed(20);
    const { log } = await open(directory);
    for (let i = 20; i < 40; i++) await log.append(Buffer.from(`record ${i}`));
    const last = log.segments.at(-1)?.number ?? 0;
    await log.removeThrough(last - 1);
    // Killed here: the mark is of the run before.
    const { found, log: again } = await open(directory);
    expect(found.at(-1)).toBe('record 39');
    await again.close();
    await log.close();
  });
});

describe('a first page that is not there after a power cut', () => {
  const PAGE = 512;
  /** The one segment of a log with two groups of records, with zeros in the place of its first page. */
  async function withoutFirstPage(directory: string, groups: readonly string[]): Promise<void> {
    const { log } = await open(directory, nodeFiles, 1_000_000);
    for (const group of groups) await log.append(Buffer.from(group));
    await log.close();
    fs.rmSync(path.join(directory, 'log-closed.json'));
    const [name = ''] = fs.readdirSync(directory);
    const bytes = fs.readFileSync(path.join(directory, name));
    fs.writeFileSync(path.join(directory, name), bytes.fill(0, 0, PAGE));
  }

  test('is no damage where nothing was synced', async () => {
    const directory = ownDirectory();
    await withoutFirstPage(directory, ['x'.repeat(3 * PAGE)]);
    const [name = ''] = fs.readdirSync(directory);
    // The mark that follows a sync was never written.
    fs.truncateSync(path.join(directory, name), 3 * PAGE);
    const { log, found } = await open(directory);
    expect(found).toEqual([]);
    await log.append(Buffer.from('next'));
    await log.close();
    expect((await open(directory)).found).toEqual(['next']);
  });

  test('is damage where a record behind it says that it was', async () => {
    const directory = ownDirectory();
    await withoutFirstPage(directory, ['x'.repeat(3 * PAGE), 'y']);
    expect(await codeOf(open(directory))).toBe('LOG_CORRUPT');
  });
});
