/** What the stress source sends, how many and how fast. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { stress } from '../../../../src/agent/sources/stress.ts';
import { ManualClock } from '../../../../src/core/clock.ts';
import { settle } from '../channels/use.ts';
import { type Rig, rig } from './rig.ts';

async function start(properties: Record<string, number>, options?: Parameters<typeof rig>[2]): Promise<Rig> {
  const made = await rig(stress, properties, options);
  onTestFinished(() => made.source.stop());
  await made.source.start();
  return made;
}

describe('the stress source', () => {
  it('sends bodies of its size, up to its total, the last batch smaller, and ends', async () => {
    const { source, counters, takeAll } = await start({ size: 3, maxTotalEvents: 25, batchSize: 10 });
    await source.whenEnded();
    const events = await takeAll();
    expect(events.length).toBe(25);
    expect([...(events[0]?.body ?? [])]).toEqual([0x7f, 0x7f, 0x7f]);
    expect(counters).toMatchObject({ EventAcceptedCount: 25, AppendBatchAcceptedCount: 3 });
    expect(source.endless).toBe(false);
  });

  it('counts what a channel did not take into the total, and not into the successful ones', async () => {
    const clock = new ManualClock(0);
    const full = await start({ maxTotalEvents: 5 }, { capacity: 2, clock });
    for (let i = 0; i < 8; i++) {
      await settle();
      clock.advance(5000);
    }
    await full.source.whenEnded();
    expect(full.counters).toMatchObject({ EventReceivedCount: 5, EventAcceptedCount: 2, ChannelWriteFail: 3 });
    const some = await start({ maxSuccessfulEvents: 3 }, { capacity: 2, clock });
    await settle();
    expect((await some.takeAll()).length).toBe(2);
    clock.advance(5000);
    await some.source.whenEnded();
    expect((await some.takeAll()).length).toBe(1);
  });

  it('sends no more in a second than it is told', async () => {
    const clock = new ManualClock(0);
    const { counters } = await start({ maxEventsPerSecond: 10 }, { clock });
    for (let ms = 0; ms <= 2000; ms += 50) {
      for (let i = 0; i < 3; i++) await settle();
      expect(counters.EventAcceptedCount).toBeLessThanOrEqual(1 + ms / 100);
      if (ms < 2000) clock.advance(50);
    }
    expect(counters.EventAcceptedCount).toBe(21);
  });

  it('is endless without a limit, and stops at once', async () => {
    const { source } = await start({});
    expect(source.endless).toBe(true);
    await source.stop();
  });
});
