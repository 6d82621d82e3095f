/**
 * The last stage in the driver, where all that it does is to put together by key what little the stage before gives: the way of some thousand
 * rows by a shuffle and another task costs more than that. How much it will be is known from the batch before.
 */
import { ArrayPartition, type Partition } from '../../graph/lineage.ts';
import type { PartitionRunner } from '../run/partition-runner.ts';
import { brought } from './exchanging.ts';
import { END, type Row } from './rows.ts';
import { slotsOf } from './slots.ts';
import { type Cut, readBy, type Stage } from './stages.ts';
import type { TaskEnd } from './work.ts';

/** Up to so much, as text, is put together in the driver. */
const MOST_BYTES = 1024 * 1024;
const MOST_PARTITIONS = 256;

/** How much the last stage of each node's data has read, in the batch before. */
export class LastStages {
  readonly #bytes = new Map<string, number>();

  /** Notes how much it was. @param key of the node and the part of its lineage */
  ran(key: string, cut: Cut, ends: readonly TaskEnd[]): void {
    const before = stageBefore(cut);
    if (before === undefined) return;
    const own = ends.filter(({ stage }) => stage === before.number);
    this.#bytes.set(
      key,
      own.reduce((sum, { bytes }) => sum + bytes, 0),
    );
  }

  /** It failed: what was expected may be the reason. */
  failed(key: string): void {
    this.#bytes.delete(key);
  }

  /** Whether the last stage is to run in the driver. */
  isHere(key: string, cut: Cut): boolean {
    const bytes = this.#bytes.get(key);
    return bytes !== undefined && bytes <= MOST_BYTES && stageBefore(cut) !== undefined;
  }
}

/** The one stage that the last one reads, where that one only combines by key what was combined before. */
function stageBefore(cut: Cut): Stage | undefined {
  const last = cut.stages.at(-1) as Stage;
  const isCombining = last.partitions.every(({ origin, way }) => {
    if (way.length > 0 || origin.kind !== 'exchange') return false;
    const exchange = cut.exchanges[origin.exchange];
    return exchange?.kind === 'shuffle' && exchange.aggregator.mapSide;
  });
  const [before, another] = readBy(cut, last);
  return isCombining && another === undefined && last.partitions.length <= MOST_PARTITIONS ? before : undefined;
}

/** Runs it. @param rows that the stage before has given */
export function lastStageHere(cut: Cut, rows: readonly Row[], partitions: PartitionRunner): Partition<unknown>[] {
  const last = cut.stages.at(-1) as Stage;
  const bySlot = new Map<number, Row[]>();
  for (const row of rows) {
    if (row.slot === END) continue;
    const ofSlot = bySlot.get(row.slot);
    if (ofSlot === undefined) bySlot.set(row.slot, [row]);
    else ofSlot.push(row);
  }
  const slots = slotsOf(last.partitions.length);
  return last.partitions.map(({ origin }, i) => {
    if (origin.kind !== 'exchange') throw new Error('the last stage reads something else');
    return new ArrayPartition(brought(cut, origin.exchange, bySlot.get(slots[i] ?? END) ?? [], partitions));
  });
}
