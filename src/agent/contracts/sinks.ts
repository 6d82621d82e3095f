/** What every sink promises: it gives back what it could not deliver, stands being called when there is nothing to do, and stops. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { systemClock } from '../../core/clock.ts';
import { silentLogger } from '../../core/log.ts';
import type { Channel } from '../channels/channel.ts';
import { memory } from '../channels/memory.ts';
import { type SinkCounters, sinkCounters } from '../component/counters.ts';
import type { Sink, SinkContext, SinkType } from '../sinks/sink.ts';
import {
  type ContractProperties,
  type ContractTest,
  configured,
  endsWithin,
  makeChannel,
  mustEnd,
  put,
  type TypeGiven,
  take,
  typeOf,
  withCommit,
} from './contract.ts';
import { declarationContract } from './declaration.ts';

/** How a sink is made for its contract. */
export interface SinkContractOptions {
  /** Of a sink that can be started, anew for each test. */
  readonly properties: () => ContractProperties;
  /** What in its surroundings makes a delivery fail; without it only the channel's commit does, which is tried for all. */
  readonly failing?: () => Partial<SinkContext>;
}

interface Rig {
  readonly sink: Sink;
  readonly channel: Channel;
  readonly counters: SinkCounters;
}

/**
 * The tests that every sink passes, the built-in ones too.
 * @param sink what `defineSink` made
 * @example for (const { name, run } of sinkContract(print, { properties: () => ({}) })) test(name, run);
 */
export function sinkContract(
  sink: TypeGiven<'sink', SinkContext, Sink>,
  { properties, failing }: SinkContractOptions,
): readonly ContractTest[] {
  const type = typeOf(sink);
  const open = (changed?: Partial<SinkContext>): Promise<Rig> => openSink(type, properties(), changed);
  const failures = [
    ['a failed commit', () => ({})] as const,
    ...(failing === undefined ? [] : [['a failed delivery', failing] as const]),
  ];
  return [
    ...declarationContract(type, properties, true),
    ...failures.map(([what, failure]) => ({
      name: `gives events back after ${what}`,
      run: async () => {
        const rig = await open(failure());
        await rig.sink.start();
        await put(rig.channel, 'a', 'b');
        await attempt(rig, new AbortController());
        await mustEnd(rig.sink.stop(), 'the stop');
        equal(rig.counters.EventDrainSuccessCount, 0, 'EventDrainSuccessCount');
        deepEqual(take(rig.channel, 3).texts, ['a', 'b']);
      },
    })),
    {
      name: 'stands being called when there is nothing to do, and takes nothing then',
      run: async () => {
        const rig = await open();
        await rig.sink.start();
        await rig.sink.idle?.();
        await attempt(rig, new AbortController());
        await put(rig.channel, 'a');
        const due = await rig.sink.idle?.();
        ok(due === undefined || due >= 0, `idle() gave ${due}`);
        equal(rig.channel.size, 1, 'idle() takes nothing');
        await mustEnd(rig.sink.stop(), 'the stop');
        deepEqual(take(rig.channel, 2).texts, ['a']);
      },
    },
    {
      name: 'stops when it was never started, and twice',
      run: async () => {
        await mustEnd((await open()).sink.stop(), 'the stop of a sink that was never started');
        const rig = await open();
        await rig.sink.start();
        await mustEnd(Promise.all([rig.sink.stop(), rig.sink.stop()]), 'two stops at once');
      },
    },
    {
      name: 'comes to an end when it is told to stop in the middle of its work',
      run: async () => {
        const rig = await open();
        await rig.sink.start();
        await put(rig.channel, 'a');
        const stop = new AbortController();
        const work = rig.sink.process(stop.signal).catch(() => {});
        stop.abort();
        await mustEnd(Promise.all([work, rig.sink.stop()]), 'the work and the stop');
      },
    },
  ];
}

/** Takes the place of commits. */
async function notCommitting(): Promise<void> {
  throw new Error('the channel does not commit');
}

async function openSink(
  type: SinkType,
  properties: ContractProperties,
  changed: Partial<SinkContext> = {},
): Promise<Rig> {
  const channel = makeChannel(memory, { 'keep-alive': 0 });
  await channel.start();
  const counters = sinkCounters();
  const context = {
    name: 'k1',
    log: silentLogger,
    clock: systemClock,
    counters,
    channel: withCommit(channel, notCommitting),
  };
  const own = Object.keys(changed).length === 0 ? context : { ...context, channel };
  return { sink: configured(type, properties, { ...own, ...changed }), channel, counters };
}

/** Lets the sink try once; a sink that waits for somebody else is told to stop after a moment. */
async function attempt({ sink }: Rig, stop: AbortController): Promise<void> {
  const work = sink.process(stop.signal).catch(() => {});
  if (!(await endsWithin(work, 200))) stop.abort();
  await mustEnd(work, 'process()');
}
