/**
 * Spark's buffering sink: a server that Spark's polling receiver (or flumePollingStream) polls for batches, and that
 * commits a batch when it is acknowledged. What a poller sees is as with the original; better: a poller that goes away
 * leaves no ghost that takes events to a dead connection, and no thread is blocked by a long poll.
 */

import {
  decodeGetEventBatch,
  decodeSequence,
  encodeEventBatch,
  encodeNull,
  sparkSinkProtocol,
} from '../../avro/protocols/spark-sink.ts';
import type { RpcRequest } from '../../avro/rpc-request.ts';
import { AvroRpcServer } from '../../avro/server.ts';
import { sleep, type Timer } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import { uuid } from '../../core/machine.ts';
import { defineComponent } from '../component/component.ts';
import { int, port, text, type Values } from '../component/fields.ts';
import {
  type Batch,
  finish,
  giveBack,
  type Sink,
  type SinkContext,
  type SinkStatus,
  type SinkType,
  takeBatch,
} from './sink.ts';
import { Slots } from './spark/slots.ts';

const fields = {
  hostname: text({ doc: 'address to listen on', default: '0.0.0.0' }),
  port: port({ doc: 'port to listen on', required: true }),
  threads: int({ doc: 'polls and unacknowledged batches at most, together', default: 10, min: 1 }),
  timeout: int({ unit: 's', doc: 'seconds that an acknowledgement is waited for', default: 60, min: 1 }),
  backoffInterval: int({ unit: 'ms', doc: 'ms between attempts after an error of the channel', default: 200, min: 1 }),
};

const STOPPED = 'Spark sink has been stopped!';
const NOTHING = 'Tried several times, but did not get any events from the channel!';

interface OpenBatch {
  readonly batch: Batch;
  readonly timer: Timer;
}

class SparkSink implements Sink {
  readonly #values: Values<typeof fields>;
  readonly #context: SinkContext;
  readonly #slots: Slots;
  readonly #polls = new Set<AbortController>();
  #stopped = false;
  /** Batches that wait for their acknowledgement, oldest first. */
  readonly #open = new Map<string, OpenBatch>();
  readonly #work = new Set<Promise<void>>();
  /** Other at each start: a poller's late acknowledgement of a batch from before must not hit a new one. */
  readonly #seqBase = uuid().slice(0, 8);
  #seq = 0;
  #server: AvroRpcServer | undefined;

  constructor(values: Values<typeof fields>, context: SinkContext) {
    this.#values = values;
    this.#context = context;
    this.#slots = new Slots(values.threads);
  }

  get address(): { readonly host: string; readonly port: number } | undefined {
    return this.#server?.address;
  }

  async start(): Promise<void> {
    this.#server = await AvroRpcServer.listen({
      host: this.#values.hostname,
      port: this.#values.port,
      protocol: sparkSinkProtocol,
      owner: `sink ${this.#context.name}`,
      log: this.#context.log,
      compression: 'none',
      onRequest: (request) => this.#onRequest(request),
    });
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.stopAccepting();
    this.#stopped = true;
    for (const poll of this.#polls) poll.abort();
    await Promise.all(this.#work);
    for (const seq of [...this.#open.keys()].reverse()) this.#rollback(seq, 'the sink is stopped');
    await server.close();
  }

  /** The pollers drive this sink; it only has to live until it is stopped. */
  process(signal: AbortSignal): Promise<SinkStatus> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve('backoff');
      signal.addEventListener('abort', () => resolve('backoff'), { once: true });
    });
  }

  #onRequest(request: RpcRequest): void {
    let work: Promise<void>;
    try {
      if (request.message === 'getEventBatch') work = this.#poll(request, decodeGetEventBatch(request.params));
      else {
        const seq = decodeSequence(request.params);
        // Answered before the commit, and whether or not the number is known, as pollers are used to.
        request.reply(encodeNull());
        work = request.message === 'ack' ? this.#acknowledge(seq) : this.#refuse(seq);
      }
    } catch (error) {
      return request.fail(messageOf(error));
    }
    const tracked = work.finally(() => this.#work.delete(tracked));
    this.#work.add(tracked);
  }

  async #poll(request: RpcRequest, count: number): Promise<void> {
    if (count <= 0) return this.#answerError(request, NOTHING);
    if (this.#stopped) return this.#answerError(request, STOPPED);
    // Aborted when the poller goes away, and when the sink stops.
    const poll = new AbortController();
    const { signal } = poll;
    this.#polls.add(poll);
    const forget = request.connection.onClose(() => poll.abort());
    try {
      if (!(await this.#slots.take(signal))) return this.#answerError(request, STOPPED);
      let kept = false;
      try {
        kept = await this.#pollWithSlot(request, count, signal);
      } finally {
        if (!kept) this.#slots.free();
      }
    } finally {
      forget();
      this.#polls.delete(poll);
    }
  }

  /** @returns whether a batch was given out, which keeps the slot until it is acknowledged */
  async #pollWithSlot(request: RpcRequest, count: number, signal: AbortSignal): Promise<boolean> {
    const { channel, counters, clock } = this.#context;
    while (!signal.aborted) {
      await channel.available(Number.POSITIVE_INFINITY, signal);
      if (signal.aborted) break;
      let batch: Batch | undefined;
      try {
        batch = takeBatch(channel, count, counters);
      } catch (error) {
        // Pollers ask again at once after an error; this is what slows them down.
        await sleep(clock, this.#values.backoffInterval, signal);
        this.#answerError(request, messageOf(error));
        return false;
      }
      if (batch === undefined) continue;
      this.#giveOut(request, batch);
      return true;
    }
    this.#answerError(request, STOPPED);
    return false;
  }

  #giveOut(request: RpcRequest, batch: Batch): void {
    const seq = `${this.#seqBase}${++this.#seq}`;
    const timer = this.#context.clock.after(this.#values.timeout * 1000, () =>
      this.#rollback(seq, `it was not acknowledged within ${this.#values.timeout} s`),
    );
    this.#open.set(seq, { batch, timer });
    request.reply(encodeEventBatch({ errorMsg: '', sequenceNumber: seq, events: batch.events }));
    if (request.connection.closed) this.#rollback(seq, 'its poller went away');
  }

  async #acknowledge(seq: string): Promise<void> {
    const open = this.#remove(seq, 'ack');
    if (open === undefined) return;
    const { counters, log, name } = this.#context;
    try {
      await finish(open.batch, counters);
    } catch (error) {
      log.error(
        { seq, cause: messageOf(error) },
        `sink ${name}: the commit of an acknowledged batch failed, it is delivered again`,
      );
    } finally {
      this.#slots.free();
    }
  }

  async #refuse(seq: string): Promise<void> {
    const open = this.#remove(seq, 'nack');
    if (open === undefined) return;
    giveBack(open.batch.transaction);
    this.#slots.free();
  }

  #rollback(seq: string, reason: string): void {
    const open = this.#open.get(seq);
    if (open === undefined) return;
    this.#open.delete(seq);
    open.timer.cancel();
    giveBack(open.batch.transaction);
    this.#slots.free();
    const { log, name, counters } = this.#context;
    counters.EventWriteFail++;
    log.warn({ seq, events: open.batch.events.length }, `sink ${name}: a batch goes back to the channel: ${reason}`);
  }

  #remove(seq: string, call: 'ack' | 'nack'): OpenBatch | undefined {
    const open = this.#open.get(seq);
    if (open === undefined) {
      const { log, name } = this.#context;
      log.warn(
        { seq },
        `sink ${name}: ${call} for a batch that is not open (late, or from before a restart); it is ignored, its events are delivered again`,
      );
      return undefined;
    }
    this.#open.delete(seq);
    open.timer.cancel();
    return open;
  }

  #answerError(request: RpcRequest, errorMsg: string): void {
    request.reply(encodeEventBatch({ errorMsg, sequenceNumber: '', events: [] }));
  }
}

/** Spark's sink. */
export const spark: SinkType = defineComponent({
  type: 'spark',
  aliases: ['org.apache.spark.streaming.flume.sink.SparkSink'],
  doc: 'gives batches to pollers: flumePollingStream, or the polling receiver of Spark Streaming',
  delivery:
    'At least once: a batch leaves the channel when its poller has acknowledged it; one that is refused, or not acknowledged in time, is delivered again.',
  differences: [
    'It is not of Flume: Spark Streaming has it in a jar of its own. A poller that goes away gives its batches back at once; there they wait for the time-out.',
  ],
  fields,
  resources: ({ hostname, port: number }) => [{ kind: 'port', host: hostname, port: number, property: 'port' }],
  create: (values, context: SinkContext): Sink => new SparkSink(values, context),
});
