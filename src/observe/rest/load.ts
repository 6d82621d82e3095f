/** `…/graph/load`: what operators and outputs are occupied with, now or in one batch, how many values they gave, and the bottleneck. */
import type { Bottleneck } from '../bottleneck-types.ts';
import { type Load, loadOf, windowOf } from '../load.ts';
import type { Observer } from '../observer.ts';
import { bottleneckIn, recentBottleneck, recentLoad } from '../recent.ts';
import { recordOf } from './spark.ts';

/** An operator, as JSON has it; shares are from 0 to 1. */
export interface OperatorLoadAnswer {
  readonly id: number;
  readonly stage: number | null;
  readonly stageMs: number;
  readonly gave: number | null;
  readonly gaveFrom: number | null;
  readonly busy: number;
  readonly backPressured: number;
  readonly idle: number;
}

/** An output, as JSON has it. */
export interface OutputLoadAnswer {
  readonly id: string;
  readonly runMs: number;
  readonly took: number | null;
  readonly tookFrom: number | null;
  readonly busy: number;
  readonly backPressured: number;
  readonly idle: number;
}

/** What a job did in the last seconds, or in a batch. */
export interface LoadAnswer {
  /** The time of the batch; null: now. */
  readonly batch: number | null;
  readonly from: number;
  readonly to: number;
  readonly batches: number;
  readonly events: number;
  readonly operators: readonly OperatorLoadAnswer[];
  readonly outputs: readonly OutputLoadAnswer[];
  readonly bottleneck: Bottleneck | null;
}

/** @param time of a batch; undefined: the last seconds @throws NotFound */
export function graphLoad(observer: Observer, time: number | undefined): LoadAnswer {
  observer.lookAtGraph();
  if (time === undefined) return answerOf(recentLoad(observer), null, recentBottleneck(observer));
  const record = recordOf(observer, time);
  const { operators, outputs } = observer.observed;
  // The batch behind it tells how long it was waited for.
  const { batches } = observer.history;
  const next = batches[batches.findIndex((batch) => batch.time === time) + 1];
  const window = windowOf(record, observer.batchIntervalMs);
  const both = next === undefined ? [record] : [record, { ...next, spans: [], inputs: [], events: 0 }];
  const load = loadOf({ operators, outputs, batches: both, ...window });
  return answerOf({ ...load, batches: 1 }, time, bottleneckIn(observer, record));
}

function answerOf(load: Load, batch: number | null, bottleneck: Bottleneck | undefined): LoadAnswer {
  return {
    ...load,
    batch,
    operators: load.operators.map(({ gave, gaveFrom, stage, ...same }) => {
      return { ...same, gave: gave ?? null, gaveFrom: gaveFrom ?? null, stage: stage ?? null };
    }),
    outputs: load.outputs.map(({ took, tookFrom, ...same }) => {
      return { ...same, took: took ?? null, tookFrom: tookFrom ?? null };
    }),
    bottleneck: bottleneck ?? null,
  };
}
