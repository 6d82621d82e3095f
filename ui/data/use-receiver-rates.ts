/** How many events and bytes receivers bring in a second, from their counters. */
import { useRef } from 'preact/hooks';
import { type Reading, rateOf, withReading } from './rates.ts';
import type { Receiver } from './types.ts';

/** By the numbers of receivers. */
export type ReceiverRates = ReadonlyMap<number, { readonly events: number | null; readonly bytes: number | null }>;

interface Kept {
  answer: readonly Receiver[] | undefined;
  readonly events: Map<number, readonly Reading[]>;
  readonly bytes: Map<number, readonly Reading[]>;
}

/** @param receivers what was answered last; each answer is another object */
export function useReceiverRates(receivers: readonly Receiver[] | undefined): ReceiverRates {
  const { current: kept } = useRef<Kept>({ answer: undefined, events: new Map(), bytes: new Map() });
  if (receivers !== undefined && receivers !== kept.answer) {
    kept.answer = receivers;
    const at = performance.now();
    for (const { bytes, events, id } of receivers) {
      if (events !== null) kept.events.set(id, withReading(kept.events.get(id) ?? [], { at, value: events }));
      if (bytes !== null) kept.bytes.set(id, withReading(kept.bytes.get(id) ?? [], { at, value: bytes }));
    }
  }
  const ids = receivers?.map(({ id }) => id) ?? [];
  return new Map(
    ids.map((id) => [id, { events: rateOf(kept.events.get(id) ?? []), bytes: rateOf(kept.bytes.get(id) ?? []) }]),
  );
}
