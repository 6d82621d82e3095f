/** A shuffle's two sides: values are combined and cut into pieces by their keys' hashes, then pieces of a key are combined. */
import { StreamjobError } from '../../core/errors.ts';
import { KeyedMap } from '../../graph/keys.ts';
import type { Aggregator, Shuffle, Sink, Skip } from '../../graph/lineage.ts';
import { type Partitioner, partitionOf } from '../../graph/partitioner.ts';
import { emptySlots, slotOf } from './recent-entries.ts';

type Pair = readonly [key: unknown, value: unknown];
type Entry = [key: unknown, value: unknown];

/** Pairs in the order in which their keys came. */
export type Pairs = Pair[];

/** The sink of the map side, over one partition. */
export class MapSide implements Sink<Pair> {
  /** What it needs is at hand in it: it is called with each value of a job, and looking into private fields took an eighth of a word count. */
  readonly push: (pair: Pair) => void;
  readonly #partitioner: Partitioner;
  readonly #combined = new KeyedMap<unknown, unknown>();
  readonly #pieces: Pairs[];

  constructor(shuffle: Shuffle, skip: Skip | undefined) {
    const { aggregator, partitioner } = shuffle;
    this.#partitioner = partitioner;
    this.#pieces = Array.from({ length: partitioner.numPartitions }, () => []);
    const add = aggregator.mapSide
      ? combining(this.#combined, aggregator)
      : (pair: Pair) => void this.#piece(pair[0]).push(pair);
    this.push =
      skip === undefined
        ? add
        : (pair) => {
            try {
              add(pair);
            } catch (error) {
              skip(shuffle, pair, error);
            }
          };
  }

  end(): void {
    for (const entry of this.#combined.entries()) this.#piece(entry[0]).push(entry);
  }

  /** By partition; complete after `end`. Pairs of a piece may be changed. */
  get pieces(): readonly Pairs[] {
    return this.#pieces;
  }

  #piece(key: unknown): Pairs {
    const piece = this.#pieces[partitionOf(this.#partitioner, key)];
    if (piece === undefined) throw new StreamjobError('USER_FUNCTION', 'the partitioner has no such partition');
    return piece;
  }
}

/** So many keys are looked for in the map before it pays to remember where their entries are. */
const FEW = 1024;
/** When so many keys were not where they would be remembered, and fewer were, most keys come once: it does not pay any more. */
const MANY = 8192;

/** Puts pairs into a map of what their keys' values come to. */
function combining(
  combined: KeyedMap<unknown, unknown>,
  { create, merge }: Pick<Aggregator<unknown, unknown>, 'create' | 'merge'>,
): (pair: Pair) => void {
  // By slots. Undefined: it does not pay, yet or any more.
  let recent: (Entry | undefined)[] | undefined;
  let remembered = 0;
  let searched = 0;
  return (pair) => {
    const key = pair[0];
    let slot = -1;
    if (recent !== undefined && typeof key === 'string') {
      slot = slotOf(key);
      const entry = recent[slot];
      if (entry !== undefined && entry[0] === key) {
        remembered++;
        entry[1] = merge(entry[1], pair[1]);
        return;
      }
    }
    let entry = combined.find(key);
    if (entry === undefined) entry = combined.add(key, create(pair[1]));
    else entry[1] = merge(entry[1], pair[1]);
    searched++;
    if (slot >= 0 && recent !== undefined) recent[slot] = entry;
    if (searched === FEW) recent = emptySlots();
    else if (searched > MANY && searched > remembered) recent = undefined;
  };
}

/** The reduce side of one partition. @param pieces in the order of the partitions that they come from */
export function reduced(shuffle: Shuffle, pieces: readonly Pairs[], skip: Skip | undefined): Pairs {
  const { aggregator } = shuffle;
  const [only] = pieces;
  // What one partition has combined is combined.
  if (pieces.length <= 1 && aggregator.mapSide) return only ?? [];
  const { combine, mapSide } = aggregator;
  const combined = new KeyedMap<unknown, unknown>();
  const add = combining(combined, mapSide ? { create: (value) => value, merge: combine } : aggregator);
  for (const pairs of pieces) {
    for (const pair of pairs) {
      if (skip === undefined || mapSide) add(pair);
      else {
        try {
          add(pair);
        } catch (error) {
          skip(shuffle, pair, error);
        }
      }
    }
  }
  return [...combined.entries()];
}
