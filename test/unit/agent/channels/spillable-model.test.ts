/** A spillable memory channel on a simulated machine: random stories, and what becomes of it when its disk fails at a certain moment. */
import { describe, expect, it } from 'vitest';
import { type HostProcess, Simulation } from '../../../../src/simulation/machine/index.ts';
import { makeSpillable, type Rig } from './spillable-rig.ts';
import { Story, type Tally } from './spillable-story.ts';
import { put, takeAll } from './use.ts';

it('loses nothing but what a kill finds in memory, gives nothing twice, and keeps its order', async () => {
  const sum: Record<string, number> = {};
  for (let seed = 1; seed <= 80; seed++) {
    const story = new Story(seed);
    await story.run();
    expect([seed, story.violations]).toEqual([seed, []]);
    for (const [name, count] of Object.entries(story.tally)) sum[name] = (sum[name] ?? 0) + count;
  }
  // Everything that it is about has happened.
  const least: Tally = {
    delivered: 1000,
    overflowed: 1000,
    diedInMemory: 50,
    cameThroughKill: 50,
    keptAtStop: 50,
    failedPuts: 50,
    failedTakes: 10,
  };
  for (const [name, count] of Object.entries(least)) expect.soft(sum[name], name).toBeGreaterThan(count);
});

describe('when its disk fails', () => {
  const PROPERTIES = { memoryCapacity: 2, overflowCapacity: 10 };

  async function onHost(body: (rig: Rig, process: HostProcess) => Promise<void>): Promise<void> {
    const simulation = new Simulation({ seed: 3 });
    const process = simulation.host('a').spawn('main');
    const run = async (): Promise<void> => {
      const rig = makeSpillable('/data/overflow', PROPERTIES);
      await rig.channel.start();
      await body(rig, process);
    };
    await simulation.play(() => process.run(run), 60_000);
  }

  it('a transaction that goes there fails as a whole, its room is free again, and memory goes on', () =>
    onHost(async ({ channel, counters }, { host: { disk } }) => {
      await put(channel, 'a', 'b');
      for (let times = 0; times < 5; times++) {
        disk.fail({ call: 'sync', path: '/data.mdb' });
        await expect(put(channel, 'x', 'y', 'z')).rejects.toMatchObject({ code: 'FILE_ACCESS' });
        expect(counters).toMatchObject({ ChannelSize: 2, OverflowSize: 0 });
      }
      expect(await takeAll(channel, 1)).toEqual(['a']);
      await put(channel, 'c');
      await put(channel, 'd', 'e');
      expect(counters).toMatchObject({ ChannelSize: 4, OverflowSize: 2 });
      expect(await takeAll(channel, 10)).toEqual(['b', 'c', 'd', 'e']);
    }));

  it('a transaction that took from both parts has all of it again', () =>
    onHost(async ({ channel, counters }, { host: { disk } }) => {
      await put(channel, 'a', 'b');
      await put(channel, 'c', 'd');
      const transaction = channel.transaction();
      transaction.begin();
      for (let i = 0; i < 3; i++) transaction.take();
      disk.fail({ call: 'sync', path: '/data.mdb' });
      await expect(transaction.commit()).rejects.toMatchObject({ code: 'FILE_ACCESS' });
      expect(counters).toMatchObject({ ChannelSize: 4, OverflowSize: 2, EventTakeSuccessCount: 0 });
      await transaction.rollback();
      expect(await takeAll(channel, 10)).toEqual(['a', 'b', 'c', 'd']);
      expect(channel.size).toBe(0);
    }));

  it('as it is full, it says CHANNEL_FULL, and goes on when there is room', () =>
    onHost(async ({ channel }, { host: { disk } }) => {
      await put(channel, 'a', 'b');
      disk.capacity = disk.system.used;
      const big = 'x'.repeat(2_000_000);
      await expect(put(channel, big)).rejects.toMatchObject({ code: 'CHANNEL_FULL' });
      disk.capacity = Number.POSITIVE_INFINITY;
      await put(channel, 'c');
      expect(await takeAll(channel, 10)).toEqual(['a', 'b', 'c']);
    }));

  it('in the last page of a commit of a stop, the events are written once its database is opened anew', () =>
    onHost(async ({ channel, lines }, { host: { disk } }) => {
      await put(channel, 'a', 'b');
      await put(channel, 'c');
      disk.fail({ call: 'sync', after: 1, path: '/data.mdb' });
      await channel.stop();
      expect(lines.filter((line) => line.startsWith('warn'))).toEqual([]);
      const again = makeSpillable('/data/overflow', PROPERTIES);
      await again.channel.start();
      expect(await takeAll(again.channel, 10)).toEqual(['a', 'b', 'c']);
    }));

  it('for good, a stop tells how much is lost, ends, and leaves the directory to the next', () =>
    onHost(async ({ channel, lines }, { host: { disk } }) => {
      await put(channel, 'a', 'b');
      await put(channel, 'c');
      disk.faults.eio.sync = 1;
      await channel.stop();
      expect(lines).toContainEqual(
        expect.stringMatching(/^warn: .* 2 events .* lost; they could not be written to disk/),
      );
      disk.heal();
      const again = makeSpillable('/data/overflow', PROPERTIES);
      await again.channel.start();
      expect(await takeAll(again.channel, 10)).toEqual(['c']);
    }));
});
