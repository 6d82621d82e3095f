/** What each sink processor promises by itself; what all of them promise is in contract/. */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Transaction } from '../../../../src/agent/channels/channel.ts';
import { sinkCounters } from '../../../../src/agent/component/counters.ts';
import { bestEffort } from '../../../../src/agent/processors/best-effort.ts';
import { storeOnFailure } from '../../../../src/agent/processors/store-on-failure.ts';
import { finish, giveBack, takeBatch } from '../../../../src/agent/sinks/sink.ts';
import { put, settle } from '../channels/use.ts';
import { until } from '../sinks/rig.ts';
import { type ProcessorRig, processorRig } from './rig.ts';

let directory = '';
const rigs: ProcessorRig[] = [];
beforeEach(async () => {
  directory = await fs.mkdtemp(path.join(os.tmpdir(), 'streamjob-spill-'));
});
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close();
  await fs.rm(directory, { recursive: true });
});

const spillTo = (): Record<string, string | number> => ({ directory, minimumRequiredSpace: 0 });
const ids = (from: number, count: number): string[] => Array.from({ length: count }, (_, i) => `${from + i}`);

async function spilling(
  properties: Record<string, string | number> = {},
  options: Parameters<typeof processorRig>[2] = {},
): Promise<ProcessorRig> {
  const rig = await processorRig(storeOnFailure, { ...spillTo(), ...properties }, options);
  rigs.push(rig);
  return rig;
}

/** Turns the clock until `condition` holds. */
async function turning(rig: ProcessorRig, condition: () => boolean): Promise<void> {
  await until(() => {
    rig.clock.advance(250);
    return condition();
  });
}

describe('store-on-failure', () => {
  it('what the sink could not deliver is on disk and is sent in order when the receiver is back', async () => {
    const rig = await spilling();
    await put(rig.channel, ...ids(0, 50));
    await until(() => rig.receiver.texts.length === 50);
    rig.receiver.takes = false;
    for (let i = 50; i < 500; i += 50) await put(rig.channel, ...ids(i, 50));
    await turning(rig, () => rig.counters.SpillSize === 450);
    expect(rig.channel.size).toBe(0);
    rig.receiver.takes = true;
    // Events go on coming while the spill is emptied.
    for (let i = 500; i < 700; i += 50) await put(rig.channel, ...ids(i, 50));
    await turning(rig, () => rig.receiver.texts.length === 700);
    expect(rig.receiver.texts).toEqual(ids(0, 700));
    await turning(rig, () => rig.counters.SpillSize === 0);
    await put(rig.channel, ...ids(700, 20));
    const spilled = rig.counters.EventSpillCount;
    await turning(rig, () => rig.receiver.texts.length === 720);
    expect(rig.receiver.texts).toEqual(ids(0, 720));
    expect(spilled).toBeLessThanOrEqual(650);
    expect(rig.counters.EventSpillCount).toBe(spilled);
  });

  it('writes nothing to disk while the receiver takes what it is sent', async () => {
    const rig = await spilling();
    for (let i = 0; i < 1000; i += 50) await put(rig.channel, ...ids(i, 50));
    await turning(rig, () => rig.receiver.texts.length === 1000);
    expect(rig.counters.EventSpillCount).toBe(0);
  });

  it('keeps the order whatever comes and fails in between', async () => {
    const rig = await spilling();
    let next = 0;
    for (let round = 0; round < 40; round++) {
      rig.receiver.takes = round % 5 < 2;
      await put(rig.channel, ...ids(next, 1 + ((round * 7) % 23)));
      next += 1 + ((round * 7) % 23);
      if (round % 3 === 0) rig.clock.advance(400);
      for (let i = 0; i < round % 4; i++) await settle();
    }
    rig.receiver.takes = true;
    await turning(rig, () => rig.receiver.texts.length >= next);
    expect(rig.receiver.texts).toEqual(ids(0, next));
  });

  it('sends what was on disk after a restart, before anything newer; a stop saves what was in memory', async () => {
    const first = await spilling();
    first.receiver.takes = false;
    await put(first.channel, ...ids(0, 30));
    await turning(first, () => first.counters.SpillSize === 30);
    first.receiver.hangs = true;
    await put(first.channel, ...ids(30, 30));
    await first.stop();
    const second = await spilling();
    await put(second.channel, ...ids(60, 30));
    await turning(second, () => second.receiver.texts.length === 90);
    expect(second.receiver.texts).toEqual(ids(0, 90));
  });

  it('a stop saves to disk what was in memory, and the next start sends it', async () => {
    const first = await spilling();
    first.receiver.hangs = true;
    first.receiver.takes = false;
    await put(first.channel, ...ids(0, 30));
    await settle();
    expect(first.counters.EventSpillCount).toBe(0);
    await first.stop();
    const second = await spilling();
    await turning(second, () => second.receiver.texts.length === 30);
    expect(second.receiver.texts).toEqual(ids(0, 30));
  });

  it('waits with younger events for what is still in flight when the sink fails', async () => {
    let inFlight: Transaction | undefined;
    const rig = await spilling(
      {},
      {
        sink: (channel, receiver) => ({
          start: async () => {},
          stop: async () => {},
          async process() {
            const batch = takeBatch(channel, 10, sinkCounters());
            if (batch === undefined) return 'backoff';
            if (inFlight === undefined) {
              inFlight = batch.transaction;
              throw new Error('one failed, and this one is not over');
            }
            receiver.texts.push(...batch.events.map((event) => Buffer.from(event.body).toString()));
            await finish(batch, sinkCounters());
            return 'ready';
          },
        }),
      },
    );
    await put(rig.channel, ...ids(0, 30));
    await until(() => inFlight !== undefined);
    for (let i = 0; i < 20; i++) {
      rig.clock.advance(250);
      await settle();
    }
    if (inFlight !== undefined) giveBack(inFlight);
    await turning(rig, () => rig.receiver.texts.length === 30);
    expect(rig.receiver.texts).toEqual(ids(0, 30));
  });

  it('is bounded: a spill that is full leaves events in the channel, which tells its sources no, and nothing is lost', async () => {
    const rig = await spilling({ maxBytes: 65_536 }, { capacity: 100, takes: false });
    let next = 0;
    const more = async (): Promise<boolean> => {
      try {
        await put(rig.channel, ...Array.from({ length: 10 }, (_, i) => `${next + i} ${'x'.repeat(500)}`));
        next += 10;
        return true;
      } catch (error) {
        expect(error).toMatchObject({ code: 'CHANNEL_FULL' });
        return false;
      }
    };
    let refusals = 0;
    await until(async () => {
      rig.clock.advance(250);
      // The channel is full while the disk is only slow, too: what counts is that it stays so once the spill is full.
      const full = rig.lines.some(({ message }) => message.includes('cannot be written to disk'));
      refusals = (await more()) || !full ? 0 : refusals + 1;
      return refusals > 50;
    });
    expect(rig.channel.size).toBe(100);
    expect(rig.counters.SpillSize).toBeLessThan(200);
    expect(rig.lines.filter(({ message }) => message.includes('cannot be written to disk'))).toHaveLength(1);
    rig.receiver.takes = true;
    await turning(rig, () => rig.receiver.texts.length === next);
    expect(rig.receiver.texts.map((text) => Number(text.split(' ')[0]))).toEqual(ids(0, next).map(Number));
    expect(await more()).toBe(true);
  });

  it('delivers directly again when the receiver is back though the disk of the spill takes nothing', async () => {
    const rig = await spilling({ minimumRequiredSpace: Number.MAX_SAFE_INTEGER }, { takes: false });
    await put(rig.channel, ...ids(0, 30));
    await turning(rig, () => rig.lines.some(({ message }) => message.includes('cannot be written to disk')));
    rig.receiver.takes = true;
    await turning(rig, () => rig.receiver.texts.length === 30);
    expect(rig.receiver.texts).toEqual(ids(0, 30));
  });

  it('lets one agent only into its directory', async () => {
    await spilling();
    await expect(spilling()).rejects.toMatchObject({ code: 'CHANNEL_LOCKED' });
  });
});

describe('best-effort', () => {
  it('drops and counts what the receiver could not take, and sends what comes later', async () => {
    const rig = await processorRig(bestEffort, {});
    rigs.push(rig);
    rig.receiver.takes = false;
    await put(rig.channel, ...ids(0, 55));
    await until(() => rig.counters.EventDropCount === 55);
    expect(rig.channel.size).toBe(0);
    rig.receiver.takes = true;
    await put(rig.channel, ...ids(55, 5));
    await turning(rig, () => rig.receiver.texts.length === 5);
    expect(rig.receiver.texts).toEqual(ids(55, 5));
    expect(rig.counters.EventDropCount).toBe(55);
  });
});
