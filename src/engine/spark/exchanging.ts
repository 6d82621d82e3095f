/** What goes from stage to stage: values by their keys, or dealt out, from each partition of one stage to those of the next. */
import { pairsCodec, valuesCodec } from '../run/codecs.ts';
import { MapSide, type Pairs, reduced } from '../run/combining.ts';
import { byUser } from '../run/guarded.ts';
import type { PartitionRunner, Plan } from '../run/partition-runner.ts';
import { END, type Row, unpacked } from './rows.ts';
import { slotsOf } from './slots.ts';
import { type Cut, type ExchangeLineage, originsOf, type Stage } from './stages.ts';

/** The tag of a piece. @param source the partition that it comes from */
export function exchangeTag(exchange: number, source: number): string {
  return `X${exchange}.${source}`;
}

/** What an exchange has brought to a partition. @param rows of the partition */
export function brought(
  cut: Cut,
  number: number,
  rows: readonly Row[],
  partitions: PartitionRunner,
): readonly unknown[] {
  const exchange = cut.exchanges[number] as ExchangeLineage;
  const tagged = `X${number}.`;
  const pieces = rows
    .filter(({ tag }) => tag.startsWith(tagged))
    .map(({ data, tag }) => ({ source: Number(tag.slice(tagged.length)), data: unpacked(data) }))
    .sort((a, b) => a.source - b.source);
  return byUser(exchange, () => {
    if (exchange.kind === 'shuffle') {
      const codec = pairsCodec(exchange.name);
      const decoded = pieces.map(({ data }) => codec.decode(data));
      const pairs = reduced(exchange, decoded, partitions.skip);
      partitions.gave(exchange, pairs.length);
      return pairs;
    }
    const codec = valuesCodec(exchange.name);
    const values = pieces.flatMap(({ data }) => codec.decode(data));
    return exchange.settle === undefined ? values : exchange.settle(values);
  });
}

/** What a partition gives to an exchange, by target; undefined: there is nothing for it. @param source the partition's number */
export async function exchangePieces(
  exchange: ExchangeLineage,
  plan: Plan,
  source: number,
  partitions: PartitionRunner,
): Promise<(unknown | undefined)[]> {
  if (exchange.kind === 'shuffle') {
    const combiner = new MapSide(exchange, partitions.skip);
    await partitions.run(plan, combiner as never, { into: exchange });
    const codec = pairsCodec(exchange.name);
    return combiner.pieces.map((pairs: Pairs) => (pairs.length === 0 ? undefined : codec.encode(pairs)));
  }
  const values = await partitions.collect(plan);
  const codec = valuesCodec(exchange.name);
  return byUser(exchange, () =>
    exchange.deal(values, source).map((part) => (part.length === 0 ? undefined : codec.encode(part))),
  );
}

const known = new WeakMap<Stage, ReadonlyMap<number, number>>();

/** The slots of the partitions that read what a stage gives, by their numbers in its exchange. */
export function targetsOf({ stages }: Cut, stage: Stage): ReadonlyMap<number, number> {
  const present = known.get(stage);
  if (present !== undefined) return present;
  const targets = new Map<number, number>();
  for (const { partitions } of stages) {
    const slots = slotsOf(partitions.length);
    for (const [i, partition] of partitions.entries()) {
      for (const origin of originsOf(partition)) {
        if (origin.kind === 'exchange' && origin.exchange === stage.into) {
          targets.set(origin.partition, slots[i] ?? END);
        }
      }
    }
  }
  known.set(stage, targets);
  return targets;
}
