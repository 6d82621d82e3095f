/** Puts events that nobody can send again into the channels: as long as they take nothing, the same events are tried again. */
import type { PlainEvent } from '../../../core/event.ts';
import { deliver, type Retry, type SourceContext } from '../source.ts';

const RETRY: Retry = { first: 250, max: 4000 };
const LARGEST_BATCH = 100;

/**
 * Puts events in batches, one after the other.
 * @param most events of a batch at most, as far as the channels take so many
 * @returns how many are lost, since the source was stopped before the channels took them
 */
export async function deliverAll(
  events: readonly PlainEvent[],
  context: SourceContext,
  signal: AbortSignal,
  most: number = LARGEST_BATCH,
): Promise<number> {
  const size = Math.min(most, context.processor.batchLimit);
  for (let i = 0; i < events.length; i += size) {
    if (!(await deliver(events.slice(i, i + size), context, RETRY, signal))) return events.length - i;
  }
  return 0;
}
