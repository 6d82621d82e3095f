/** What the file channel promises beyond a channel: restart, kill -9, locks, damage. */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Channel } from '../../../../src/agent/channels/channel.ts';
import { file } from '../../../../src/agent/channels/file.ts';
import { memory } from '../../../../src/agent/channels/memory.ts';
import { eventsOfBatches, killWriters } from './killed.ts';
import { makeChannel } from './make.ts';
import { put, settle, take, takeAll } from './use.ts';

let directory = '';
const channels: Channel[] = [];
beforeEach(async () => {
  directory = await fs.mkdtemp(path.join(os.tmpdir(), 'streamjob-file-'));
});
afterEach(async () => {
  for (const channel of channels.splice(0)) await channel.stop();
  await fs.rm(directory, { recursive: true });
});

async function start(properties: Record<string, string | number> = {}): Promise<Channel> {
  const channel = makeChannel(file, { dataDirs: directory, minimumRequiredSpace: 0, 'keep-alive': 0, ...properties });
  await channel.start();
  channels.push(channel);
  return channel;
}

describe('file channel', () => {
  it('has committed events after a restart, uncommitted takes at the head, uncommitted puts never', async () => {
    const first = await start();
    await put(first, 'a', 'b', 'c');
    expect(await takeAll(first, 1)).toEqual(['a']);
    expect(take(first, 1).texts).toEqual(['b']);
    const putting = first.transaction();
    putting.begin();
    putting.put({ headers: {}, body: Buffer.from('never') });
    await first.stop();
    const second = await start();
    expect(second.size).toBe(2);
    await put(second, 'd');
    expect(await takeAll(second)).toEqual(['b', 'c', 'd']);
  });

  it('reads on past its read-ahead, in order', async () => {
    const channel = await start();
    const texts = Array.from({ length: 5000 }, (_, i) => `${i}`);
    await put(channel, ...texts);
    expect(await takeAll(channel, 5000)).toEqual(texts);
    expect(channel.size).toBe(0);
  });

  it('stops although commits wait for bytes, tells each of them, and leaves the directory to the next', async () => {
    const channel = await start({ byteCapacity: 200, 'keep-alive': 1000 });
    await put(channel, 'x'.repeat(150));
    const waiting = [put(channel, 'y'.repeat(150)), put(channel, 'z'.repeat(150)), put(channel, 'small')];
    const results = Promise.allSettled(waiting);
    await settle();
    await channel.stop();
    for (const result of await results)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'CHANNEL_CLOSED' } });
    expect(await takeAll(await start())).toEqual(['x'.repeat(150)]);
  });

  it('lets only one owner into its directory, and the next one in after it stopped', async () => {
    const channel = await start();
    await expect(start()).rejects.toMatchObject({ code: 'CHANNEL_LOCKED' });
    await channel.stop();
    await start();
  });

  it('starts in a directory whose name is longer than a socket name may be', async () => {
    const channel = await start({ dataDirs: path.join(directory, 'x'.repeat(120)) });
    await put(channel, 'a');
    await expect(start({ dataDirs: path.join(directory, 'x'.repeat(120)) })).rejects.toMatchObject({
      code: 'CHANNEL_LOCKED',
    });
  });

  it('refuses puts when the disk has less space than required, but not takes', async () => {
    const channel = await start();
    await put(channel, 'a');
    await channel.stop();
    const tight = await start({ minimumRequiredSpace: Number.MAX_SAFE_INTEGER });
    await expect(put(tight, 'b')).rejects.toMatchObject({ code: 'CHANNEL_FULL' });
    expect(await takeAll(tight)).toEqual(['a']);
  });

  it("refuses a directory with the data of Flume's own file channel", async () => {
    await fs.writeFile(path.join(directory, 'log-1'), '');
    await expect(start()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('loses nothing that was committed when its process is killed with -9, and holds no half transaction', async () => {
    const told = (await killWriters(directory, 'file')).flat();
    const batches = eventsOfBatches(await takeAll(await start(), 10_000));
    expect(told.length).toBeGreaterThan(60);
    expect([...batches.keys()]).toEqual(expect.arrayContaining(told));
    for (const events of batches.values()) expect(events).toBe(10);
  });
});

describe('memory channel', () => {
  it('limits the bytes of bodies', async () => {
    const channel = makeChannel(memory, { byteCapacity: 1000, byteCapacityBufferPercentage: 0, 'keep-alive': 0 });
    await channel.start();
    await put(channel, 'x'.repeat(900));
    await expect(put(channel, 'x'.repeat(101))).rejects.toMatchObject({ code: 'CHANNEL_FULL' });
    await takeAll(channel);
    await put(channel, 'x'.repeat(1000));
    await channel.stop();
  });
});
