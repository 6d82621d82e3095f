/** What the way of a source into its channels promises while these are replaced. */
import { expect, it } from 'vitest';
import type { Channel } from '../../../../src/agent/channels/channel.ts';
import { memory } from '../../../../src/agent/channels/memory.ts';
import { ChannelProcessor, type ChannelProcessorParts } from '../../../../src/agent/runtime/channel-processor.ts';
import { ManualClock } from '../../../../src/core/clock.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import { makeChannel } from '../channels/make.ts';
import { event, put, settle, takeAll } from '../channels/use.ts';

async function channel(clock: ManualClock, capacity: number): Promise<Channel> {
  const made = makeChannel(memory, { capacity, transactionCapacity: capacity }, clock);
  await made.start();
  return made;
}

const into = (only: Channel): ChannelProcessorParts => ({
  interceptors: [],
  selector: () => ({ required: [only], optional: [] }),
  channels: [only],
  log: silentLogger,
});

/** Whether a promise has settled. */
function watched(promise: Promise<unknown>): () => boolean {
  let done = false;
  promise.then(
    () => {
      done = true;
    },
    () => {
      done = true;
    },
  );
  return () => done;
}

it('lets the batch that is on its way end in the old channel, and all behind it wait for the new one', async () => {
  const clock = new ManualClock();
  const [old, fresh] = [await channel(clock, 2), await channel(clock, 5)];
  const way = new ChannelProcessor(into(old));
  await put(old, 'a', 'b');
  const first = way.process([event('c')]);
  await settle();
  const holding = way.hold();
  const isHeld = watched(holding);
  const second = way.process([event('d')]);
  const isPut = watched(second);
  await settle();
  expect([isHeld(), isPut(), way.batchLimit]).toEqual([false, false, 2]);
  expect(await takeAll(old, 2)).toEqual(['a', 'b']);
  await Promise.all([first, holding]);
  await settle();
  expect([isPut(), await takeAll(old, 2)]).toEqual([false, ['c']]);
  way.letGo(into(fresh));
  await second;
  expect([await takeAll(old, 2), await takeAll(fresh, 5), way.batchLimit]).toEqual([[], ['d'], 5]);
});

it('goes on with the channels that it had when it is let go without others', async () => {
  const only = await channel(new ManualClock(), 5);
  const way = new ChannelProcessor(into(only));
  await way.hold();
  await way.hold();
  const putting = way.process([event('a')]);
  way.letGo();
  await putting;
  expect(await takeAll(only, 5)).toEqual(['a']);
});

it('is held also by a batch that fails', async () => {
  const clock = new ManualClock();
  const only = await channel(clock, 1);
  await put(only, 'a');
  const way = new ChannelProcessor(into(only));
  const failing = way.process([event('b')]);
  const failed = expect(failing).rejects.toMatchObject({ code: 'CHANNEL_FULL' });
  await settle();
  const holding = way.hold();
  clock.advance(3000);
  await Promise.all([failed, holding]);
});
