/** Takes batches out of the channel and writes them to a table: rows first, then counters, as Flume does. */
import { messageOf, StreamjobError } from '../../../core/errors.ts';
import type { PlainEvent } from '../../../core/event.ts';
import { deliverBatch, type Sink, type SinkContext, type SinkStatus } from '../sink.ts';
import { incrementsOf, rowsOf } from './calls.ts';
import type { Gateway } from './gateway.ts';
import type { HbaseSerializer } from './serializer.ts';
import { Unfinished } from './unfinished.ts';

/** What the sink is made of. */
export interface HbaseSinkParts {
  readonly gateway: Gateway;
  readonly serialize: HbaseSerializer;
  readonly batchSize: number;
  readonly coalesceIncrements: boolean;
  /** What of its configuration has no meaning here, a sentence each. */
  readonly warnings: readonly string[];
}

/** The sink of both types. */
export class HbaseSink implements Sink {
  readonly #parts: HbaseSinkParts;
  readonly #context: SinkContext;
  readonly #unfinished = new Unfinished();
  #isConnected = false;

  constructor(parts: HbaseSinkParts, context: SinkContext) {
    this.#parts = parts;
    this.#context = context;
  }

  /** A gateway that is not there now may be there later; a table that is not, or is another one, is a mistake that is told at once. */
  async start(): Promise<void> {
    const { gateway, warnings } = this.#parts;
    const { log, name } = this.#context;
    for (const warning of warnings) log.warn({}, `sink ${name}: ${warning}`);
    const missing = await this.#missing();
    if (missing === undefined) return;
    gateway.close();
    this.#disconnected();
    throw new StreamjobError('RPC_ERROR', `sink ${name}: ${missing}, says HBase`, {
      where: gateway.place,
      hint: 'create it, or see table and columnFamily',
    });
  }

  async #missing(): Promise<string | undefined> {
    const { log, name } = this.#context;
    try {
      return await this.#called(this.#parts.gateway.missing());
    } catch (error) {
      log.warn(
        { cause: messageOf(error) },
        `sink ${name}: whether its table is there is not known, and events wait: ${messageOf(error)}`,
      );
      return undefined;
    }
  }

  async stop(): Promise<void> {
    this.#parts.gateway.close();
    this.#disconnected();
  }

  async process(): Promise<SinkStatus> {
    const status = await deliverBatch(this.#context, this.#parts.batchSize, ({ events }) => this.#write(events));
    if (status === 'ready') this.#unfinished.done();
    return status;
  }

  async #write(events: readonly PlainEvent[]): Promise<void> {
    const { coalesceIncrements, gateway, serialize } = this.#parts;
    const prepared = this.#unfinished.prepare(events, serialize);
    const rows = rowsOf(prepared);
    if (rows.length > 0) await this.#called(gateway.put(rows));
    for (const { amounts, raises, row } of incrementsOf(prepared, coalesceIncrements)) {
      await this.#called(gateway.increment(row, amounts));
      for (const raise of raises) raise.done = true;
    }
  }

  /** Counts connections: one is there from the first answer, and gone with a call that has none. */
  async #called<T>(call: Promise<T>): Promise<T> {
    const { counters } = this.#context;
    try {
      const answer = await call;
      this.#connected();
      return answer;
    } catch (error) {
      if (error instanceof StreamjobError && error.code === 'RPC_ERROR') this.#connected();
      else {
        counters.ConnectionFailedCount++;
        this.#disconnected();
      }
      throw error;
    }
  }

  #connected(): void {
    if (!this.#isConnected) this.#context.counters.ConnectionCreatedCount++;
    this.#isConnected = true;
  }

  #disconnected(): void {
    if (this.#isConnected) this.#context.counters.ConnectionClosedCount++;
    this.#isConnected = false;
  }
}
