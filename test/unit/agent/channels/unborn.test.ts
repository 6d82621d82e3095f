/** What a power cut leaves of a file channel that never held anything: it opens, empty. Anything else that is no database is refused. */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EventStore } from '../../../../src/agent/channels/file/store.ts';

let directory = '';
beforeEach(async () => {
  directory = await fs.mkdtemp(path.join(os.tmpdir(), 'streamjob-unborn-'));
});
afterEach(() => fs.rm(directory, { recursive: true }));

const put = (bytes: Buffer): Promise<void> => fs.writeFile(path.join(directory, 'data.mdb'), bytes);

describe('a file channel whose database file', () => {
  test.each([
    ['is empty', Buffer.alloc(0)],
    ['is shorter than its first pages', Buffer.alloc(100)],
    ['is long and zeros', Buffer.alloc(1 << 20)],
    [
      'has the beginning of a page that was being written',
      Buffer.concat([Buffer.from('00000000000000000000000000000000000008', 'hex'), Buffer.alloc(9000)]),
    ],
  ])('%s is empty, and works', async (_, bytes) => {
    await put(bytes);
    const store = await EventStore.open(directory, 'channel c1');
    expect(store.count).toBe(0);
    await store.write([{ headers: {}, body: Buffer.from('a') }], []);
    await store.close();
    const again = await EventStore.open(directory, 'channel c1');
    expect(again.count).toBe(1);
    await again.close();
  });

  test('is something else is refused, and left as it is', async () => {
    await put(Buffer.alloc(9000, 7));
    await expect(EventStore.open(directory, 'channel c1')).rejects.toMatchObject({ code: 'CHANNEL_CORRUPT' });
    expect((await fs.readFile(path.join(directory, 'data.mdb'))).equals(Buffer.alloc(9000, 7))).toBe(true);
  });
});
