/** When `streamjob run` hints at worker threads. */
import { Subject } from 'rxjs';
import { expect, test } from 'vitest';
import type { StreamingContext } from '../../../src/api/streaming-context.ts';
import { hintAtThreads } from '../../../src/cli/hint.ts';
import type { StreamEvent } from '../../../src/core/events.ts';
import { collectingLogger } from '../../kit/log.ts';

function hints(processingMs: number, events: number, cores = 4, batches = 12): number {
  const seen = new Subject<StreamEvent>();
  const { log, lines } = collectingLogger();
  hintAtThreads({ events$: seen } as unknown as StreamingContext, log, cores);
  for (let i = 1; i <= batches; i++) {
    const batch = { time: i * 1000, events, schedulingDelayMs: 0, processingMs, totalDelayMs: processingMs };
    seen.next({ type: 'batchCompleted', batch: { ...batch, outputs: [], acked: events } });
  }
  return lines.length;
}

test('once, when batches keep the main thread busy and there are cores left', () => {
  expect(hints(900, 500_000)).toBe(1);
  expect(hints(900, 500_000, 1)).toBe(0);
});

test('not when it is idle, not for a few slow events, not after a few batches', () => {
  expect(hints(200, 500_000)).toBe(0);
  expect(hints(900, 100)).toBe(0);
  expect(hints(900, 500_000, 4, 5)).toBe(0);
});
