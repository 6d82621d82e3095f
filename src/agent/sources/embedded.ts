/** The source of an agent within a program: the program puts events into it. */

import { StreamjobError } from '../../core/errors.ts';
import type { PlainEvent } from '../../core/event.ts';
import { defineComponent } from '../component/component.ts';
import { EMBEDDED_TYPE } from './embedded/type.ts';
import { never, type Source, type SourceContext, type SourceType } from './source.ts';

/** A source that is given its events by calls. */
export class EmbeddedSource implements Source {
  readonly endless = true;
  readonly #context: SourceContext;
  #isRunning = false;
  #underWay = new Set<Promise<void>>();

  constructor(context: SourceContext) {
    this.#context = context;
  }

  async start(): Promise<void> {
    this.#isRunning = true;
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    await Promise.allSettled(this.#underWay);
  }

  whenEnded(): Promise<void> {
    return never();
  }

  /**
   * Puts events, all or none; resolves when every channel has them.
   * @throws StreamjobError CHANNEL_CLOSED while it does not run; of the channel: CHANNEL_FULL, TRANSACTION_FULL, FILE_ACCESS
   */
  async put(events: readonly PlainEvent[]): Promise<void> {
    const { counters, name, processor } = this.#context;
    if (!this.#isRunning)
      throw new StreamjobError('CHANNEL_CLOSED', `source ${name} does not run`, {
        hint: 'start the agent before events are put, and put none after it was stopped',
      });
    const isBatch = events.length !== 1;
    if (isBatch) counters.AppendBatchReceivedCount++;
    else counters.AppendReceivedCount++;
    counters.EventReceivedCount += events.length;
    const putting = processor.process(events);
    this.#underWay.add(putting);
    try {
      await putting;
    } catch (error) {
      counters.ChannelWriteFail++;
      throw error;
    } finally {
      this.#underWay.delete(putting);
    }
    if (isBatch) counters.AppendBatchAcceptedCount++;
    else counters.AppendAcceptedCount++;
    counters.EventAcceptedCount += events.length;
  }
}

/** The embedded source. */
export const embedded: SourceType = defineComponent({
  type: EMBEDDED_TYPE,
  doc: 'the source of an agent within a program (EmbeddedAgent); in a file it brings nothing',
  delivery: 'What a put says: every required channel has the events, or none was taken by the first that refused.',
  fields: {},
  create: (_values, context: SourceContext): Source => new EmbeddedSource(context),
});
