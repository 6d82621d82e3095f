/** With an engine whose way there and back is long, the stages of the next batch run while those of one do. */
import { expect, test } from 'vitest';
import { valuesChunk } from '../../../src/core/chunk.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import type { Engine, StageBatch } from '../../../src/engine/engine.ts';
import { RunAhead } from '../../../src/flow/ahead/run-ahead.ts';
import { Ticker } from '../../../src/flow/batch/ticker.ts';
import { BlockQueue } from '../../../src/flow/block/block-queue.ts';

function rig(isAllowed: boolean) {
  const clock = new ManualClock(0);
  const queue = new BlockQueue();
  const ran: StageBatch[] = [];
  const engine: Pick<Engine, 'run' | 'forget'> = {
    run: async (batch) => {
      ran.push(batch);
      return { stages: [], states: [], slices: [] };
    },
    forget: async () => {},
  };
  const waiting = { somethingWaits: () => !queue.isEmpty, nothingDue: () => queue.isEmpty };
  const ahead = new RunAhead({
    ...{ queue, waiting, clock, engine: engine as Engine, mostBytes: 1000 },
    cutting: new Ticker(clock, 1000, undefined),
    mayBegin: () => isAllowed,
  });
  let sequence = 0;
  const arrive = (): void => {
    const token = { input: 0, receiver: 0, epoch: 1, sequence: sequence++ };
    queue.add({ token, events: valuesChunk(['x']), bytes: 10, receivedAt: clock.now() });
    ahead.look();
  };
  return { clock, ahead, ran, arrive };
}

test('what waits when the stages of a batch begin, and is due, begins with them', () => {
  const { ahead, arrive, clock, ran } = rig(true);
  arrive();
  clock.advance(1000);
  expect(ran).toEqual([]);
  ahead.openWithStages();
  expect(ran.map(({ time }) => time)).toEqual([1000]);
  expect(ahead.begun?.batch.state).toBe('ahead');
});

test('what comes while they run begins when its time has come, and no third batch before it has had its turn', async () => {
  const { ahead, arrive, clock, ran } = rig(true);
  ahead.openWithStages();
  clock.advance(1000);
  expect(ran).toEqual([]);
  arrive();
  clock.advance(1000);
  expect(ran).toHaveLength(1);
  arrive();
  clock.advance(1000);
  ahead.openWithStages();
  expect(ran).toHaveLength(1);
  await ahead.take();
  ahead.openWithStages();
  expect(ran).toHaveLength(2);
});

test('nothing begins where order, or a stop, forbids it', () => {
  const { ahead, arrive, clock, ran } = rig(false);
  arrive();
  clock.advance(1000);
  ahead.openWithStages();
  expect(ran).toEqual([]);
});
