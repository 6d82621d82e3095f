/** The properties that a spillable memory channel has of its own. */
import { type Field, int } from '../../component/fields.ts';

/** What bounds its parts, and how long a commit waits for them. */
export const memoryFields: {
  readonly memoryCapacity: Field<number>;
  readonly overflowCapacity: Field<number>;
  readonly overflowTimeout: Field<number>;
  readonly overflowDeactivationThreshold: Field<number>;
  readonly byteCapacity: Field<number | undefined>;
  readonly byteCapacityBufferPercentage: Field<number>;
  readonly avgEventSize: Field<number>;
} = {
  memoryCapacity: int({ unit: 'events', doc: 'most events in memory; 0: all go to disk', default: 10_000 }),
  overflowCapacity: int({
    unit: 'events',
    doc: 'most events on disk; 0: there is no overflow, and dataDirs is not used',
    default: 100_000_000,
  }),
  overflowTimeout: int({
    unit: 's',
    doc: 'seconds that a commit waits for room in memory before the overflow is used, and then for room in either',
    default: 3,
  }),
  overflowDeactivationThreshold: int({
    unit: '%',
    doc: 'per cent of memoryCapacity that must be free until a commit waits for memory again before it uses the overflow',
    default: 5,
    max: 100,
  }),
  byteCapacity: int({
    unit: 'bytes',
    doc: 'most bytes of bodies in memory; 0: no limit. Default: 80 % of the heap limit',
  }),
  byteCapacityBufferPercentage: int({
    unit: '%',
    doc: 'per cent of byteCapacity kept for headers',
    default: 20,
    max: 100,
  }),
  avgEventSize: int({ unit: 'bytes', doc: 'byteCapacity is counted in slots of this size', default: 500, min: 1 }),
};

/** More than the channel holds is never in a transaction. */
export function transactionCapacityOf({
  memoryCapacity,
  overflowCapacity,
  transactionCapacity,
}: {
  readonly memoryCapacity: number;
  readonly overflowCapacity: number;
  readonly transactionCapacity: number;
}): number {
  return Math.min(transactionCapacity, memoryCapacity + overflowCapacity);
}
