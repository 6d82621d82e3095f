/**
 * The requests of one connection of the Avro source, one after another: a client that has several in flight relies on their
 * order, and a channel that is full for one of them must not take the next. What waits meanwhile goes to the channels together,
 * so that many small requests share a transaction and its sync to disk.
 */
import type { EventBlock } from '../../../avro/event-block.ts';
import type { EventLimits } from '../../../avro/event-check.ts';
import { checkedRequest, encodeStatus, type FlumeMessage } from '../../../avro/protocols/flume.ts';
import type { RpcRequest } from '../../../avro/rpc-request.ts';
import { messageOf } from '../../../core/errors.ts';
import type { PlainEvent } from '../../../core/event.ts';
import type { SourceContext } from '../source.ts';

interface Waiting {
  readonly request: RpcRequest;
  readonly message: FlumeMessage;
  readonly events: readonly PlainEvent[];
}

/** The line. */
export class RequestLine {
  readonly #context: SourceContext;
  readonly #limits: EventLimits;
  #waiting: Waiting[] = [];
  #checking: Promise<void> | undefined;
  #running: Promise<void> | undefined;
  /** A request failed and comes again: what was sent behind it must not overtake it. */
  #broken = false;

  constructor(context: SourceContext, limits: EventLimits) {
    this.#context = context;
    this.#limits = limits;
  }

  /** Takes a request, which is answered in its turn. */
  add(request: RpcRequest): void {
    const { counters } = this.#context;
    const message: FlumeMessage = request.message === 'append' ? 'append' : 'appendBatch';
    const refuse = (error: unknown): void => {
      counters.EventReadFail++;
      request.refuse(error);
    };
    try {
      const checked = checkedRequest(message, request.params, this.#limits);
      if (!(checked instanceof Promise)) return this.#enqueue(request, message, checked);
      // What comes behind it must not overtake it.
      const goOn = request.connection.holdReading();
      this.#checking = checked
        .then((events) => this.#enqueue(request, message, events), refuse)
        .finally(() => {
          this.#checking = undefined;
          goOn();
        });
    } catch (error) {
      refuse(error);
    }
  }

  /** Resolves when all that was taken has been answered. */
  async idle(): Promise<void> {
    while (this.#checking !== undefined || this.#running !== undefined) await (this.#checking ?? this.#running);
  }

  #enqueue(request: RpcRequest, message: FlumeMessage, block: EventBlock): void {
    const { counters } = this.#context;
    const events = block.toArray();
    counters.EventReceivedCount += events.length;
    if (message === 'append') counters.AppendReceivedCount++;
    else counters.AppendBatchReceivedCount++;
    if (this.#broken) return request.reply(encodeStatus('FAILED'));
    this.#waiting.push({ request, message, events });
    this.#start();
  }

  #start(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#waiting.length > 0) this.#start();
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const together = this.#waiting.splice(0, this.#fitting());
      if (together.length > 1 && (await this.#put(together)) === undefined) continue;
      // One by one when they cannot be put together: those before the one that fails are taken.
      for (const each of together) {
        if (this.#broken) each.request.reply(encodeStatus('FAILED'));
        else await this.#putOne(each);
      }
    }
  }

  /** How many of those that wait fit into one transaction of every channel; the first goes in any case. */
  #fitting(): number {
    const { batchLimit, drops } = this.#context.processor;
    // What a channel does not take is dropped whole: then no request may be dropped because of another one.
    if (drops) return 1;
    let events = 0;
    let count = 0;
    for (const each of this.#waiting) {
      events += each.events.length;
      if (count > 0 && events > batchLimit) break;
      count++;
    }
    return count;
  }

  async #putOne(each: Waiting): Promise<void> {
    const { counters, log, name } = this.#context;
    const failure = await this.#put([each]);
    if (failure === undefined) return;
    const { connection } = each.request;
    counters.ChannelWriteFail++;
    log.warn(
      { peer: connection.remote, events: each.events.length, cause: messageOf(failure.error) },
      `source ${name}: a channel did not take a batch, the peer is told FAILED`,
    );
    each.request.reply(encodeStatus('FAILED'));
    // Our own clients have many in flight because the handshake promised them the order. They connect anew after a failure, and
    // what they send until then was sent before they read the answer.
    this.#broken = connection.pipelines;
    if (this.#broken) for (const { request } of this.#waiting.splice(0)) request.reply(encodeStatus('FAILED'));
  }

  /** Puts requests into the channels with one transaction for each channel, and answers them OK. @returns what failed */
  async #put(requests: readonly Waiting[]): Promise<{ readonly error: unknown } | undefined> {
    const { counters, processor } = this.#context;
    const [only] = requests;
    try {
      await processor.process(
        requests.length === 1 && only !== undefined ? only.events : requests.flatMap(({ events }) => events),
      );
    } catch (error) {
      return { error };
    }
    for (const { request, message, events } of requests) {
      counters.EventAcceptedCount += events.length;
      if (message === 'append') counters.AppendAcceptedCount++;
      else counters.AppendBatchAcceptedCount++;
      request.reply(encodeStatus('OK'));
    }
    return undefined;
  }
}
