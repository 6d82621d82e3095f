/** Cases of the load_balance sink processor: which sinks take how many events when some of them fail. */
import type { Channel } from '../../../src/agent/channels/channel.ts';
import { memory } from '../../../src/agent/channels/memory.ts';
import { processorCounters, sinkCounters } from '../../../src/agent/component/counters.ts';
import { loadBalance } from '../../../src/agent/processors/load-balance.ts';
import { finish, giveBack, type Sink, takeBatch } from '../../../src/agent/sinks/sink.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { configured, makeChannel } from '../../unit/agent/channels/make.ts';
import { put } from '../../unit/agent/channels/use.ts';
import { type FlumeCase, passedIf, propertiesOf, type Verdict } from '../case.ts';

/** Rounds in which no sink takes anything, before the rest counts as not delivered. */
const VAIN_ROUNDS = 20;

/** A sink that takes an event at a time, or fails. */
function sinkOf(takes: boolean, taken: () => void, channel: Channel): Sink {
  const counters = sinkCounters();
  return {
    start: async () => {},
    stop: async () => {},
    async process() {
      const batch = takeBatch(channel, 1, counters);
      if (batch === undefined) return 'backoff';
      if (!takes) {
        giveBack(batch.transaction);
        throw new Error('it fails');
      }
      await finish(batch, counters);
      taken();
      return 'ready';
    },
  };
}

function sinksOf(given: unknown): Record<string, string> {
  if (typeof given !== 'string') return given as Record<string, string>;
  const count = Number(/\d+/.exec(given)?.[0] ?? 0);
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`s${i + 1}`, 'ok']));
}

/** Whether a case says which sinks fail throughout, and how many events each of them takes. */
export function isTally({ expected, input }: FlumeCase): boolean {
  const { sinks } = input;
  return expected['taken'] !== undefined && (typeof sinks !== 'string' || /^\d+ sinks, all ok$/.test(sinks));
}

/** The cases that say what is expected in data, or as a sum in words. */
export async function loadBalanceCase(one: FlumeCase): Promise<Verdict> {
  const sinks = sinksOf(one.input['sinks']);
  const events = Number(one.input['events']);
  const channel = makeChannel(memory, { capacity: Math.max(events, 100), 'keep-alive': 0 });
  await channel.start();
  for (let i = 0; i < events; i++) await put(channel, String(i));
  const taken: Record<string, number> = Object.fromEntries(Object.keys(sinks).map((name) => [name, 0]));
  const properties = Object.fromEntries(
    Object.entries(propertiesOf(one)).map(([name, value]) => [name.replace(/^processor\./, ''), value]),
  );
  const processor = configured(loadBalance, properties, {
    name: 'g1',
    agent: 'a1',
    log: silentLogger,
    clock: new ManualClock(0),
    counters: processorCounters(),
    sinks: Object.entries(sinks).map(([name, state]) => ({
      name,
      channel,
      durable: false,
      open: (own: Channel) => sinkOf(state === 'ok', () => (taken[name] = (taken[name] ?? 0) + 1), own),
    })),
  });
  await processor.start();
  const sum = (): number => Object.values(taken).reduce((a, b) => a + b, 0);
  for (let vain = 0; sum() < events && vain < VAIN_ROUNDS; ) {
    const before = sum();
    await processor.process(new AbortController().signal).catch(() => 'failed');
    vain = sum() > before ? 0 : vain + 1;
  }
  await processor.stop();
  await channel.stop();
  return passedIf(isTaken(taken, one.expected['taken']), taken);
}

function isTaken(taken: Readonly<Record<string, number>>, expected: unknown): boolean {
  if (typeof expected === 'string') {
    const counts = Object.values(taken);
    const [, sum, uneven] = /^sum (\d+)(, not all equal)?$/.exec(expected) ?? [];
    const whole = counts.reduce((a, b) => a + b, 0) === Number(sum);
    return whole && (uneven === undefined || new Set(counts).size > 1);
  }
  return Object.entries(expected as Record<string, number>).every(
    ([names, count]) => names.split('+').reduce((sum, name) => sum + (taken[name] ?? Number.NaN), 0) === count,
  );
}
