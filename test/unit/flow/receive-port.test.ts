/** One input whose receivers are elsewhere: what is said between them and the flow takes time, and a receiver may be cut off and come back. */
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { StreamingContextOptions } from '../../../src/api/context-options.ts';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { valuesChunk } from '../../../src/core/chunk.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import type { StreamEvent } from '../../../src/core/events.ts';
import type { Input } from '../../../src/flow/receive/input.ts';
import type { Intake, Outcome, Reading, Receiver, Settles } from '../../../src/flow/receive/receiver.ts';
import { until } from '../../kit/until.ts';

const STOPS: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of STOPS.splice(0)) await stop();
});

/** A process on another host: it knows sequence numbers and what it was told of them. */
class Remote {
  readonly told: [number, Outcome][] = [];
  #sequence = 0;

  /** The next delivery of it. */
  delivery(...values: string[]) {
    return { sequence: this.#sequence++, events: valuesChunk(values), bytes: 10 };
  }

  /** What the driver knows of it: what it says reaches the process a turn of the event loop later. */
  link(name: string): Settles {
    return {
      name,
      settle: async (sequences, outcome) => {
        await turn();
        for (const sequence of sequences) this.told.push([sequence, outcome]);
        return outcome === 'committed' ? sequences.length : 0;
      },
    };
  }
}

/** Stands in the driver for a receiver that is elsewhere. */
class Elsewhere implements Receiver {
  readonly name: string;
  readonly calls: string[] = [];
  readonly reading: Reading = {
    pause: () => void this.calls.push('pause'),
    resume: () => void this.calls.push('resume'),
  };
  intake: Intake | undefined;
  remote = new Remote();
  #link: Settles;

  constructor(name: string) {
    this.name = name;
    this.#link = this.remote.link(name);
  }

  async start(intake: Intake): Promise<void> {
    this.intake = intake;
  }

  settle(sequences: readonly number[], outcome: Outcome): Promise<number> {
    return this.#link.settle(sequences, outcome);
  }

  /** Another process does its work from now on, and begins to count at 0. */
  replace(): { readonly before: Intake; readonly remoteBefore: Remote } {
    const before = this.intake as Intake;
    const remoteBefore = this.remote;
    this.remote = new Remote();
    this.intake = before.renew(this.remote.link(this.name));
    return { before, remoteBefore };
  }

  offer(...values: string[]): number {
    const delivery = this.remote.delivery(...values);
    this.intake?.offer(delivery);
    return delivery.sequence;
  }

  async stopReceiving(): Promise<void> {}
  abandon(): void {}
  async close(): Promise<void> {}
}

async function rigOf(
  receivers: readonly Elsewhere[],
  options: { readonly hold?: boolean } & Partial<StreamingContextOptions> = {},
) {
  const clock = new ManualClock(0);
  const { hold = false, ...others } = options;
  const ssc = new StreamingContext({ batchInterval: 1000, clock, write: () => {}, ...others });
  const out: string[][] = [];
  const held: (() => void)[] = [];
  const make = (id: number): Input => ({ id, name: 'elsewhere', receivers });
  ssc.inputStream<string>(make).foreachRDD(async (rdd) => {
    const values = await rdd.collect();
    if (hold && values.length > 0) await new Promise<void>((resolve) => held.push(resolve));
    out.push(values);
  });
  const seen: StreamEvent[] = [];
  ssc.events$.subscribe((event) => seen.push(event));
  await ssc.start();
  STOPS.push(() => ssc.stop({ graceful: false }));
  const ended = (): number => seen.filter(({ type }) => type === 'batchCompleted' || type === 'batchGivenUp').length;
  const batch = async (): Promise<void> => {
    const before = ended();
    clock.advance(1000);
    await until(() => ended() > before);
  };
  return { ssc, clock, out, held, seen, batch };
}

describe('one input with two receivers', () => {
  test('is one stream: a batch has what both gave, in the order it came, and each is told of its own', async () => {
    const [a, b] = [new Elsewhere('a'), new Elsewhere('b')];
    const { out, batch, seen, ssc } = await rigOf([a, b]);
    a.offer('1');
    b.offer('2');
    a.offer('3');
    await batch();
    expect(out).toEqual([['1', '2', '3']]);
    await until(() => a.remote.told.length === 2 && b.remote.told.length === 1);
    expect(a.remote.told).toEqual([
      [0, 'committed'],
      [1, 'committed'],
    ]);
    expect(b.remote.told).toEqual([[0, 'committed']]);
    expect(seen.flatMap((each) => (each.type === 'receiverStarted' ? [each.name] : []))).toEqual(['a', 'b']);
    expect(ssc.receivers.map(({ id, name, state }) => [id, name, state])).toEqual([
      [0, 'a', 'running'],
      [0, 'b', 'running'],
    ]);
  });

  test('has one rate: both are paused when the input is in debt', async () => {
    const [a, b] = [new Elsewhere('a'), new Elsewhere('b')];
    await rigOf([a, b], { backpressure: { initialRate: 2 } });
    a.offer('1', '2', '3', '4', '5');
    expect([a.calls, b.calls]).toEqual([['pause'], ['pause']]);
  });

  test('an error of one is that one alone', async () => {
    const [a, b] = [new Elsewhere('a'), new Elsewhere('b')];
    const { ssc } = await rigOf([a, b]);
    b.intake?.reportError('away');
    expect(ssc.receivers.map(({ lastError }) => lastError?.message)).toEqual([undefined, 'away']);
  });
});

describe('a delivery is taken back', () => {
  test('while it is in no batch, and not when it is in one', async () => {
    const a = new Elsewhere('a');
    const { out, held, clock, ssc } = await rigOf([a], { hold: true });
    const [first, second] = [a.offer('1'), a.offer('2')];
    expect(await a.intake?.withdraw([first])).toEqual([first]);
    expect(ssc.waitingEvents).toBe(1);
    clock.advance(1000);
    await until(() => held.length === 1);
    expect(await a.intake?.withdraw([first, second])).toEqual([]);
    held[0]?.();
    await until(() => a.remote.told.length === 1);
    expect(a.remote.told).toEqual([[second, 'committed']]);
    expect(out).toEqual([['2']]);
  });

  test('with its batch, when its peer will not wait and no output has committed', async () => {
    const a = new Elsewhere('a');
    const { held, clock } = await rigOf([a], { hold: true });
    const sequence = a.offer('1');
    clock.advance(1000);
    await until(() => held.length === 1);
    expect(await a.intake?.giveUp(sequence, 'the peer is gone')).toBe('batch-given-up');
    expect(await a.intake?.giveUp(sequence, 'the peer is gone')).toBe('unknown');
    held[0]?.();
    await until(() => a.remote.told.length === 1);
    expect(a.remote.told).toEqual([[sequence, 'given-up']]);
  });
});

describe('a receiver that was cut off and comes back', () => {
  test('gives up what waited; what it sends late by the old intake is refused, and counts once by the new one', async () => {
    const a = new Elsewhere('a');
    const { out, batch } = await rigOf([a]);
    a.offer('1');
    const { before, remoteBefore } = a.replace();
    before.offer(remoteBefore.delivery('2'));
    a.offer('1', '2');
    await batch();
    expect(out).toEqual([['1', '2']]);
    await until(() => remoteBefore.told.length === 2 && a.remote.told.length === 1);
    expect(remoteBefore.told).toEqual([
      [0, 'given-up'],
      [1, 'given-up'],
    ]);
    expect(a.remote.told).toEqual([[0, 'committed']]);
  });

  test('is settled for what is in a batch by the old link, though the new one counts from 0 too', async () => {
    const a = new Elsewhere('a');
    const { held, clock } = await rigOf([a], { hold: true });
    a.offer('1');
    clock.advance(1000);
    await until(() => held.length === 1);
    const { remoteBefore } = a.replace();
    a.offer('2');
    held[0]?.();
    await until(() => remoteBefore.told.length === 1);
    expect(remoteBefore.told).toEqual([[0, 'committed']]);
    expect(a.remote.told).toEqual([]);
    clock.advance(1000);
    await until(() => held.length === 2);
    held[1]?.();
    await until(() => a.remote.told.length === 1);
    expect(a.remote.told).toEqual([[0, 'committed']]);
  });

  test('loses nothing that its peers were told of: what was acknowledged before its batch stays', async () => {
    const a = new Elsewhere('a');
    const { out, batch } = await rigOf([a], { reliability: 'best-effort' });
    a.offer('1');
    await until(() => a.remote.told.length === 1);
    a.replace();
    await batch();
    expect(out).toEqual([['1']]);
  });

  test('cannot take its place back once another one has it', async () => {
    const a = new Elsewhere('a');
    const { ssc } = await rigOf([a]);
    const { before, remoteBefore } = a.replace();
    const again = before.renew(remoteBefore.link('a'));
    again.offer(remoteBefore.delivery('late'));
    again.fail(new Error('late'));
    a.offer('1');
    expect(ssc.waitingEvents).toBe(1);
    await until(() => remoteBefore.told.length === 1);
    expect(ssc.getState()).toBe('active');
  });
});
