/** What a job does now: the load of its operators and what holds it up, worked out of its last batches. */
import os from 'node:os';
import type { BatchRecord } from './batch-record.ts';
import { bottleneckOf } from './bottleneck.ts';
import type { Bottleneck, InputRate, RunningNow } from './bottleneck-types.ts';
import { type Load, loadOf } from './load.ts';
import type { Observer } from './observer.ts';

/** What counts as now, in ms, and no fewer intervals than these. */
const LOOK_BACK_MS = 10_000;
const INTERVALS = 3;

interface Recent {
  readonly from: number;
  readonly to: number;
  /** Those that ended in the time, oldest first. */
  readonly batches: readonly BatchRecord[];
}

function recentOf({ batchIntervalMs, history, observed }: Observer): Recent {
  const to = observed.clock.now();
  const from = Math.max(history.startedAt ?? to, to - Math.max(LOOK_BACK_MS, INTERVALS * batchIntervalMs));
  const batches = history.overSince(from);
  // Of many batches a second those that are kept do not reach back so far: what is forgotten is not looked at.
  const isAllKept = history.totals.batches + history.totals.givenUpBatches <= history.over.length;
  const first = batches[0]?.startedAt;
  const isCut = !isAllKept && batches.length === history.over.length && first !== undefined;
  return { from: isCut ? Math.max(from, first) : from, to, batches };
}

/** The load of the last seconds. */
export function recentLoad(observer: Observer): Load {
  const { operators, outputs } = observer.observed;
  return loadOf({ operators, outputs, ...recentOf(observer) });
}

/** What holds the job up now; undefined: no batch with events was run lately. */
export function recentBottleneck(observer: Observer): Bottleneck | undefined {
  const { batchIntervalMs, observed } = observer;
  const { operators, outputs, tuning } = observed;
  const recent = recentOf(observer);
  return bottleneckOf({
    ...{ ...tuning, batchIntervalMs, operators, outputs, batches: recent.batches },
    inputs: inputRates(observer, recent),
    running: runningNow(observer),
    cores: os.availableParallelism(),
  });
}

/** What held one batch up. */
export function bottleneckIn(observer: Observer, batch: BatchRecord): Bottleneck | undefined {
  const { batchIntervalMs, observed } = observer;
  const { operators, outputs, tuning } = observed;
  const cores = os.availableParallelism();
  return bottleneckOf({ ...tuning, batchIntervalMs, operators, outputs, batches: [batch], inputs: [], cores });
}

function runningNow({ history, observed }: Observer): RunningNow | undefined {
  const running = observed.flow()?.running;
  if (running === undefined || running.events === 0) return undefined;
  const { failedAttempts, output, startedAt, step, time } = running;
  const failure = failedAttempts === 0 ? undefined : history.batch(time)?.failures.at(-1);
  return { step, output, forMs: observed.clock.now() - startedAt, failure };
}

function inputRates({ observed }: Observer, { batches, from, to }: Recent): InputRate[] {
  const seconds = Math.max(1, to - from) / 1000;
  return observed.telemetry
    .samples()
    .filter(({ name }) => name === 'input_rate')
    .map(({ labels = {}, value: limit }) => {
      const input = Number(labels['input']);
      const events = batches.reduce((sum, { inputs }) => sum + (inputs.find(({ id }) => id === input)?.events ?? 0), 0);
      return { name: labels['name'] ?? `input ${input}`, limit, given: events / seconds };
    });
}
