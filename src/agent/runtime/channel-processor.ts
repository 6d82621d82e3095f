/** The way from a source into its channels: interceptors, selector, and one put transaction per channel. */
import { messageOf } from '../../core/errors.ts';
import type { PlainEvent } from '../../core/event.ts';
import type { Logger } from '../../core/log.ts';
import type { Channel } from '../channels/channel.ts';
import { putAll } from '../channels/put-all.ts';
import type { Interceptor } from '../interceptors/interceptor.ts';
import type { Selector } from '../selectors/selector.ts';
import type { SourceChannels } from '../sources/source.ts';

/** What a channel processor is made of. */
export interface ChannelProcessorParts {
  readonly interceptors: readonly Interceptor[];
  readonly selector: Selector;
  readonly channels: readonly Channel[];
  readonly log: Logger;
  /** Whether a channel that does not take a batch fails the source (default), or drops and counts the batch (best-effort). */
  readonly dropping?: boolean;
  /** Told of events that a channel did not take and that are lost there. */
  readonly onDrop?: (channel: Channel, events: number) => void;
}

/** Puts the batches of one source into its channels. */
export class ChannelProcessor implements SourceChannels {
  #parts: ChannelProcessorParts;
  /** While it is held: how it is let go. */
  #gate: { readonly opened: Promise<void>; readonly open: () => void } | undefined;
  readonly #underWay = new Set<Promise<void>>();
  #dropped = 0;
  #tellAt = 1;

  constructor(parts: ChannelProcessorParts) {
    this.#parts = parts;
  }

  /** Whether a batch that a channel does not take is dropped (best-effort). */
  get drops(): boolean {
    return this.#parts.dropping === true;
  }

  /** The most events of a batch that fits a transaction of every channel. */
  get batchLimit(): number {
    return Math.min(...this.#parts.channels.map((channel) => channel.transactionCapacity));
  }

  /** Lets sources wait from now on, while channels are replaced. Resolves when no batch is on its way. */
  async hold(): Promise<void> {
    if (this.#gate === undefined) {
      let open = (): void => {};
      const opened = new Promise<void>((resolve) => {
        open = resolve;
      });
      this.#gate = { opened, open };
    }
    await Promise.allSettled(this.#underWay);
  }

  /** Goes on, with other interceptors, another selector or other channels where they are given. */
  letGo(parts?: ChannelProcessorParts): void {
    if (parts !== undefined) this.#parts = parts;
    this.#gate?.open();
    this.#gate = undefined;
  }

  /**
   * Puts a batch. Required channels come one after another, each with a transaction of its own: when the second fails
   * the first has committed, and a source that tries again puts the events there twice, as in Flume.
   * @throws StreamjobError of the channel: CHANNEL_FULL, TRANSACTION_FULL, CHANNEL_CLOSED, FILE_ACCESS
   */
  async process(batch: readonly PlainEvent[]): Promise<void> {
    while (this.#gate !== undefined) await this.#gate.opened;
    const putting = this.#put(batch);
    this.#underWay.add(putting);
    try {
      await putting;
    } finally {
      this.#underWay.delete(putting);
    }
  }

  async #put(batch: readonly PlainEvent[]): Promise<void> {
    for (const { ready } of this.#parts.interceptors) if (ready !== undefined) await ready;
    const required = new Map<Channel, PlainEvent[]>();
    const optional = new Map<Channel, PlainEvent[]>();
    for (const raw of batch) {
      const event = this.#intercept(raw);
      if (event === undefined) continue;
      const selection = this.#parts.selector(event);
      for (const channel of selection.required) addTo(required, channel, event);
      for (const channel of selection.optional) addTo(optional, channel, event);
    }
    for (const [channel, events] of required) {
      if (this.#parts.dropping === true) await this.#putOrDrop(channel, events);
      else await putAll(channel, events);
    }
    for (const [channel, events] of optional) await this.#putOrDrop(channel, events);
  }

  async #putOrDrop(channel: Channel, events: readonly PlainEvent[]): Promise<void> {
    try {
      await putAll(channel, events);
    } catch (error) {
      this.#parts.onDrop?.(channel, events.length);
      this.#dropped += events.length;
      // A channel that is full drops batch after batch: the counter tells each, the log each tenfold.
      if (this.#dropped < this.#tellAt) return;
      while (this.#tellAt <= this.#dropped) this.#tellAt *= 10;
      this.#parts.log.error(
        { events: events.length, dropped: this.#dropped, cause: messageOf(error) },
        `a channel did not take a batch, whose events are lost there, ${this.#dropped} so far: ${messageOf(error)}`,
      );
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
