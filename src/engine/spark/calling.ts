/**
 * Functions of outputs that executors call with the partitions of an RDD. The driver gives a row for each partition, with its data or where
 * that lies; a partition counts as done when the end of its task says so, and the output when all of them do.
 */
import { StreamjobError } from '../../core/errors.ts';
import { ArrayPartition, isKnownEmpty, type Lineage, type Partition, partitionsOf } from '../../graph/lineage.ts';
import type { PartitionCall } from '../../graph/outputs/partitions.ts';
import { toMessage } from '../run/codecs.ts';
import { rowsOf } from './arrow.ts';
import { membersOf, type SparkRunnerParts } from './node-work.ts';
import { planOf } from './plan.ts';
import { endsOf, type Row, sentPieces, workRow } from './rows.ts';
import { givenPieces } from './shared-data.ts';
import { slotsOf } from './slots.ts';
import type { Cut, Stage } from './stages.ts';
import type { CallOrder, TaskEnd, WorkOrder } from './work.ts';

const WHERE = 'foreachPartition';

/** Has executors call a function with each partition of a lineage. @throws what it threw; StreamjobError VALUE_NOT_PLAIN, SPARK_FAILED */
export async function callOnExecutors(
  parts: SparkRunnerParts,
  lineage: Lineage<unknown>,
  { args, isEach, origin }: PartitionCall,
  fn: number,
): Promise<void> {
  // A tick without data is no work for a cluster.
  if (isKnownEmpty(lineage)) return;
  const partitions = partitionsOf(lineage) ?? (await workedOut(parts, lineage));
  const sent = toMessage(args, WHERE);
  const order: CallOrder = { fn, args: sent, isEach, origin, numPartitions: partitions.length };
  const [pieces = []] = await givenPieces(parts.storage, origin.time, [partitions], WHERE);
  const slots = slotsOf(partitions.length);
  const work = { stage: 0, time: origin.time, graph: parts.description } as WorkOrder;
  const rows = pieces.map((of, i) =>
    workRow(slots[i] ?? 0, i, { order: work, call: order, leaves: [[0, sentPieces(of)]], later: undefined }),
  );
  const done = new Set((await runRows(parts, rows)).flatMap((end) => end.partitions.map(([partition]) => partition)));
  if (done.size === partitions.length) return;
  throw new StreamjobError(
    'SPARK_FAILED',
    `the function was called with ${done.size} of ${partitions.length} partitions`,
    {
      where: WHERE,
      hint: 'a worker has ended early: the output is run again; see the log of the executors if it comes again',
    },
  );
}

/** Runs a plan of one stage whose rows are the driver's. @returns the ends of its tasks @throws what a function threw in one of them */
export async function runRows(parts: SparkRunnerParts, rows: readonly Row[]): Promise<TaskEnd[]> {
  const stage: Stage = { number: 0, into: undefined, partitions: [] };
  const cut: Cut = { stages: [stage], leaves: [], exchanges: [] };
  const command = await parts.command();
  const ends = endsOf(rowsOf(await parts.run(planOf({ cut, command, given: () => rows }))));
  membersOf(ends, parts, undefined);
  for (const { accumulators } of ends) parts.accumulators.receive(accumulators);
  return ends;
}

/** What a function of the user has derived while the job runs is worked out here: no executor has that function. */
async function workedOut({ local }: SparkRunnerParts, lineage: Lineage<unknown>): Promise<Partition<unknown>[]> {
  const partitions: Partition<unknown>[] = [];
  for (const task of await local.prepare(lineage)) partitions.push(new ArrayPartition(await task.collect()));
  return partitions;
}
