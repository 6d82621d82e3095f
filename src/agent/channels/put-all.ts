/** One put transaction from its beginning to its end. */
import type { PlainEvent } from '../../core/event.ts';
import type { Channel } from './channel.ts';

/**
 * Puts `events` in one transaction; resolves when the channel has them, all or none.
 * @throws StreamjobError of the channel: CHANNEL_FULL, TRANSACTION_FULL, CHANNEL_CLOSED, FILE_ACCESS
 */
export async function putAll(channel: Channel, events: readonly PlainEvent[]): Promise<void> {
  const transaction = channel.transaction();
  transaction.begin();
  try {
    for (const event of events) transaction.put(event);
    await transaction.commit();
  } catch (error) {
    await transaction.rollback();
    throw error;
  } finally {
    transaction.close();
  }
}
