/**
 * One connection to a Spark sink, made when it is needed and made anew when it broke. A sink handles the calls of one
 * connection one after the other on one of a few IO threads, so there is one call in flight, and a handshake that gets no
 * answer (its thread is blocked by another client's poll) is tried again: a new connection goes to the next thread.
 */
import { AvroRpcClient } from '../../avro/client.ts';
import { sparkSinkProtocol } from '../../avro/protocols/spark-sink.ts';
import type { Clock } from '../../core/clock.ts';
import { StreamjobError } from '../../core/errors.ts';

/** How long a handshake or an acknowledgement may take, in ms. A poll has no limit: an empty sink does not answer. */
export const SINK_CALL_TIMEOUT_MS = 8000;

/** Where a sink is. */
export interface SinkAddress {
  readonly host: string;
  readonly port: number;
}

/** See the file's head. */
export class SinkConnection {
  readonly #address: SinkAddress;
  readonly #clock: Clock;
  readonly #maxFrameBytes: number | undefined;
  #client: AvroRpcClient | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(address: SinkAddress, clock: Clock, maxFrameBytes?: number) {
    this.#address = address;
    this.#clock = clock;
    this.#maxFrameBytes = maxFrameBytes;
  }

  /**
   * Calls the sink, after the calls before it.
   * @param timeoutMs 0: without a limit
   * @throws StreamjobError CONNECT_FAILED, REQUEST_TIMEOUT, CONNECTION_CLOSED, RPC_ERROR, FRAME_TOO_LARGE
   */
  call(message: string, params: Buffer, timeoutMs: number): Promise<Buffer> {
    const result = this.#last.then(async () => (await this.#connected()).call(message, params, timeoutMs));
    this.#last = result.catch(() => {});
    return result;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Ends the connection; a poll under way is not cancelled by it at the sink, which holds what it takes until its timeout. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#client?.close();
  }

  async #connected(): Promise<AvroRpcClient> {
    if (this.#closed) throw new StreamjobError('CONNECTION_CLOSED', 'the receiver was stopped');
    if (this.#client === undefined || this.#client.closed) {
      this.#client = await AvroRpcClient.connect({
        ...this.#address,
        protocol: sparkSinkProtocol,
        connectTimeout: SINK_CALL_TIMEOUT_MS,
        clock: this.#clock,
        maxFrameBytes: this.#maxFrameBytes,
      });
      if (this.#closed) await this.#client.close();
    }
    return this.#client;
  }
}
