/** What the page knows of batches: how news and what is known are put together, and the types that it shares with the endpoints. */
import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { Bottleneck } from '../../../src/observe/bottleneck-types.ts';
import type { DeadLettersRead } from '../../../src/observe/dead-letters.ts';
import type { LogLine } from '../../../src/observe/log-tail.ts';
import type { Minute } from '../../../src/observe/minutes.ts';
import type { WaitingPeer } from '../../../src/observe/observer.ts';
import type { AgentAnswer } from '../../../src/observe/rest/agent.ts';
import type { LoadAnswer } from '../../../src/observe/rest/load.ts';
import type { Overview, TimelineBatch } from '../../../src/observe/rest/own.ts';
import type { Setting } from '../../../src/observe/settings.ts';
import type { Versions } from '../../../src/observe/versions.ts';
import { askSince, hasFailed, merged } from '../../../ui/data/batches.ts';
import type * as page from '../../../ui/data/types.ts';
import { batchOf } from './batch-of.ts';

test('the page reads what the endpoints answer', () => {
  expectTypeOf<TimelineBatch>().toEqualTypeOf<page.TimelineBatch>();
  expectTypeOf<WaitingPeer>().toEqualTypeOf<page.WaitingPeer>();
  expectTypeOf<DeadLettersRead>().toEqualTypeOf<page.DeadLetters>();
  expectTypeOf<AgentAnswer>().toEqualTypeOf<page.Agent>();
  expectTypeOf<Setting>().toEqualTypeOf<page.Setting>();
  expectTypeOf<Versions>().toEqualTypeOf<page.Versions>();
  expectTypeOf<LogLine>().toEqualTypeOf<page.LogLine>();
  expectTypeOf<Bottleneck>().toEqualTypeOf<page.Bottleneck>();
  expectTypeOf<LoadAnswer>().toEqualTypeOf<page.Load>();
  expectTypeOf<Minute>().toEqualTypeOf<page.Minute>();
  expectTypeOf<Overview>().toMatchTypeOf<page.Overview>();
});

describe('what is known after news', () => {
  const running = batchOf(3, { status: 'PROCESSING' });
  const waiting = batchOf(4, { status: 'QUEUED' });

  test('stands oldest first, a batch once', () => {
    const known = merged([batchOf(1), running], [waiting, batchOf(3), batchOf(2)]);
    expect(known.map(({ time, status }) => [time, status])).toEqual([
      [1, 'COMPLETED'],
      [2, 'COMPLETED'],
      [3, 'COMPLETED'],
      [4, 'QUEUED'],
    ]);
  });

  test('an older answer does not bring a batch back that is over', () => {
    expect(merged([batchOf(3)], [running])).toEqual([batchOf(3)]);
  });

  test('a batch that ran and is in no answer any more is forgotten', () => {
    expect(merged([batchOf(2), running, waiting], [waiting], 2)).toEqual([batchOf(2), waiting]);
  });

  test('events alone, which tell of batches that are over, forget nothing', () => {
    expect(merged([running], [batchOf(2)])).toEqual([batchOf(2), running]);
  });

  test('the newest are kept', () => {
    expect(merged([batchOf(1), batchOf(2)], [batchOf(3)], undefined, 2).map(({ time }) => time)).toEqual([2, 3]);
  });

  test('in whatever pieces and order batches that are over come, the same is known', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(50))), (pieces) => {
        const known = pieces.reduce<readonly page.TimelineBatch[]>(
          (all, piece) =>
            merged(
              all,
              piece.map((time) => batchOf(time)),
            ),
          [],
        );
        const times = [...new Set(pieces.flat())].sort((a, b) => a - b);
        expect(known.map(({ time }) => time)).toEqual(times);
      }),
    );
  });
});

test('the timeline is asked for from the first batch that is not over', () => {
  expect(askSince([], -1)).toBe(-1);
  expect(askSince([], 9)).toBe(9);
  expect(askSince([batchOf(5), batchOf(9)], -1)).toBe(9);
  expect(askSince([batchOf(5), batchOf(7, { status: 'PROCESSING' }), batchOf(9)], 4)).toBe(6);
});

test('a batch has failed that was given up, had failed attempts, or an error', () => {
  expect(hasFailed(batchOf(1))).toBe(false);
  expect([{ givenUp: true }, { failures: 1 }, { error: 'no' }].map((more) => hasFailed(batchOf(1, more)))).toEqual([
    true,
    true,
    true,
  ]);
});
