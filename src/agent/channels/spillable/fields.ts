/** The properties of the spillable memory channel. */
import { int, text, type Values } from '../../component/fields.ts';
import { formatFields, placeFields } from '../file/fields.ts';
import { encryptionFields } from '../file/keys/fields.ts';

export const fields = {
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
  ...placeFields,
  capacity: text({ doc: 'of no meaning here: overflowCapacity bounds what is on disk' }),
  'keep-alive': text({ doc: 'of no meaning here: overflowTimeout says how long a commit waits' }),
  ...formatFields,
  ...encryptionFields,
};

/** More than the channel holds is never in a transaction. */
export function transactionCapacityOf({
  memoryCapacity,
  overflowCapacity,
  transactionCapacity,
}: Pick<Values<typeof fields>, 'memoryCapacity' | 'overflowCapacity' | 'transactionCapacity'>): number {
  return Math.min(transactionCapacity, memoryCapacity + overflowCapacity);
}
