/** Brings the events of a channel that is replaced into the one that takes its place. */
import { messageOf } from '../../core/errors.ts';
import type { PlainEvent } from '../../core/event.ts';
import type { Logger } from '../../core/log.ts';
import type { Channel } from '../channels/channel.ts';
import { putAll } from '../channels/put-all.ts';

/**
 * Moves events in their order, transaction by transaction. Nobody else may take from `from` meanwhile.
 * @param signal aborts when the agent stops
 * @returns whether `from` is empty now; if not, `to` has no room, or one of them failed, which is logged
 */
export async function moveEvents(from: Channel, to: Channel, log: Logger, signal: AbortSignal): Promise<boolean> {
  const size = Math.min(from.transactionCapacity, to.transactionCapacity);
  while (!signal.aborted) {
    const transaction = from.transaction();
    try {
      transaction.begin();
      const events: PlainEvent[] = [];
      while (events.length < size) {
        const event = transaction.take();
        if (event === undefined) break;
        events.push(event);
      }
      if (events.length > 0) await putAll(to, events);
      await transaction.commit();
      if (events.length === 0) return from.size === 0;
    } catch (error) {
      if (transaction.state === 'open') await transaction.rollback();
      log.debug({ cause: messageOf(error) }, `events of a channel that was replaced wait: ${messageOf(error)}`);
      return false;
    } finally {
      if (transaction.state !== 'closed') transaction.close();
    }
  }
  return false;
}
