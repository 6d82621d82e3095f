/** The way from a source into its channels: interceptors, selector, and one put transaction per channel. */
import { messageOf } from '../core/errors.ts';
import type { PlainEvent } from '../core/event.ts';
import type { Logger } from '../core/log.ts';
import type { Channel } from './channels/channel.ts';
import type { Interceptor } from './interceptors/interceptor.ts';
import type { Selector } from './selectors/selector.ts';

/** What a channel processor is made of. */
export interface ChannelProcessorParts {
  readonly interceptors: readonly Interceptor[];
  readonly selector: Selector;
  readonly channels: readonly Channel[];
  readonly log: Logger;
}

/** Puts the batches of one source into its channels. */
export class ChannelProcessor {
  readonly #parts: ChannelProcessorParts;
  /** The most events of a batch that fits a transaction of every channel. */
  readonly batchLimit: number;

  constructor(parts: ChannelProcessorParts) {
    this.#parts = parts;
    this.batchLimit = Math.min(...parts.channels.map((channel) => channel.transactionCapacity));
  }

  /**
   * Puts a batch. Required channels come one after another, each with a transaction of its own: when the second fails
   * the first has committed, and a source that tries again puts the events there twice, as in Flume.
   * @throws StreamjobError of the channel: CHANNEL_FULL, TRANSACTION_FULL, CHANNEL_CLOSED, FILE_ACCESS
   */
  async process(batch: readonly PlainEvent[]): Promise<void> {
    const required = new Map<Channel, PlainEvent[]>();
    const optional = new Map<Channel, PlainEvent[]>();
    for (const raw of batch) {
      const event = this.#intercept(raw);
      if (event === undefined) continue;
      const selection = this.#parts.selector(event);
      for (const channel of selection.required) addTo(required, channel, event);
      for (const channel of selection.optional) addTo(optional, channel, event);
    }
    for (const [channel, events] of required) await putAll(channel, events);
    for (const [channel, events] of optional) {
      try {
        await putAll(channel, events);
      } catch (error) {
        this.#parts.log.error(
          { events: events.length, cause: messageOf(error) },
          'an optional channel did not take a batch: it is lost there',
        );
      }
    }
  }

  #intercept(raw: PlainEvent): PlainEvent | undefined {
    let event: PlainEvent | undefined = raw;
    for (const interceptor of this.#parts.interceptors) {
      event = interceptor(event);
      if (event === undefined) return undefined;
    }
    return event;
  }
}

function addTo(lists: Map<Channel, PlainEvent[]>, channel: Channel, event: PlainEvent): void {
  const list = lists.get(channel);
  if (list === undefined) lists.set(channel, [event]);
  else list.push(event);
}

async function putAll(channel: Channel, events: readonly PlainEvent[]): Promise<void> {
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
