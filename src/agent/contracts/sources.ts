/** What every source promises: it stops, before it was started, twice, and while its channel takes nothing. */
import { equal } from 'node:assert/strict';
import { sleep, systemClock } from '../../core/clock.ts';
import { silentLogger } from '../../core/log.ts';
import { memory } from '../channels/memory.ts';
import { putAll } from '../channels/put-all.ts';
import { sourceCounters } from '../component/counters.ts';
import type { Source, SourceContext } from '../sources/source.ts';
import {
  type ContractProperties,
  type ContractTest,
  configured,
  endsWithin,
  makeChannel,
  mustEnd,
  type TypeGiven,
  typeOf,
} from './contract.ts';
import { declarationContract } from './declaration.ts';

/** How long a source that meets a full channel is let be, in ms. */
const MOMENT_MS = 100;

/**
 * The tests that every source passes, the built-in ones too.
 * @param source what `defineSource` made
 * @param properties of one that can be started, anew for each test; one that needs no peer has events to bring
 * @example for (const { name, run } of sourceContract(ticks, () => ({ interval: 10 }))) test(name, run);
 */
export function sourceContract(
  source: TypeGiven<'source', SourceContext, Source>,
  properties: () => ContractProperties,
): readonly ContractTest[] {
  const type = typeOf(source);
  const open = async (capacity: number): Promise<Source> => {
    const channel = makeChannel(memory, { capacity, transactionCapacity: Math.min(capacity, 10_000), 'keep-alive': 0 });
    await channel.start();
    const batchLimit = channel.transactionCapacity;
    const processor = { batchLimit, drops: false, process: putAll.bind(undefined, channel) };
    const counters = sourceCounters();
    return configured(type, properties(), { name: 'r1', log: silentLogger, clock: systemClock, counters, processor });
  };
  return [
    ...declarationContract(type, properties, true),
    {
      name: 'stops when it was never started, and twice',
      run: async () => {
        await mustEnd((await open(100_000)).stop(), 'the stop of a source that was never started');
        const started = await open(100_000);
        await started.start();
        await mustEnd(Promise.all([started.stop(), started.stop()]), 'two stops at once');
        await mustEnd(started.stop(), 'another stop');
      },
    },
    {
      name: 'stops while its channel takes nothing',
      run: async () => {
        const started = await open(1);
        await started.start();
        await sleep(systemClock, MOMENT_MS);
        await mustEnd(started.stop(), 'the stop');
      },
    },
    {
      name: 'says whether it ends by itself',
      run: async () => {
        const unstarted = await open(100_000);
        const ended = unstarted.whenEnded();
        if (unstarted.endless) equal(await endsWithin(ended, 20), false, 'an endless source has ended');
        await unstarted.stop();
      },
    },
  ];
}
