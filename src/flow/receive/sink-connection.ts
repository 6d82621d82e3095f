/**
 * One connection to a Spark sink, made when it is needed and made anew when it broke. A sink handles the calls of one
 * connection one after the other on one of a few IO threads, so there is one call in flight, and a handshake that gets no
 * answer (its thread is blocked by another client's poll) is tried again: a new connection goes to the next thread.
 */
import { AvroRpcClient } from '../../avro/client.ts';
import { sparkSinkProtocol } from '../../avro/protocols/spark-sink.ts';
import type { Clock } from '../../core/clock.ts';
import { StreamjobError } from '../../core/errors.ts';
import { untilAborted } from '../../core/scope.ts';

/** How long a handshake or an acknowledgement may take, in ms. A poll has no limit of its own: an empty sink does not answer. */
export const SINK_CALL_TIMEOUT_MS = 8000;

/** Where a sink is. */
export interface SinkAddress {
  readonly host: string;
  readonly port: number;
}

/** So many new connections are tried before a sink counts as dead: each lands on another of its IO threads. */
const PROBES = 4;

/** One connection to a Spark sink, made when it is needed and made anew when it broke. */
export class SinkConnection {
  readonly #address: SinkAddress;
  readonly #clock: Clock;
  readonly #maxFrameBytes: number | undefined;
  readonly #ended = new AbortController();
  #client: AvroRpcClient | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(address: SinkAddress, clock: Clock, maxFrameBytes?: number) {
    this.#address = address;
    this.#clock = clock;
    this.#maxFrameBytes = maxFrameBytes;
  }

  /**
   * Calls the sink, after the calls before it. A call fails when the connection is closed, wherever it stands.
   * @param timeoutMs 0: without a limit
   * @throws StreamjobError CONNECT_FAILED, REQUEST_TIMEOUT, CONNECTION_CLOSED, RPC_ERROR, PROTOCOL_ERROR, FRAME_TOO_LARGE
   */
  async call(message: string, params: Buffer, timeoutMs: number): Promise<Buffer> {
    const result = this.#last.then(async () => (await this.#connected()).call(message, params, timeoutMs));
    this.#last = result.catch(() => {});
    // Not a race with one promise of the connection's end: that would keep every answer for as long as the connection.
    const answer = await untilAborted(result, this.#ended.signal);
    if (answer === undefined) throw stopped();
    return answer;
  }

  get isClosed(): boolean {
    return this.#ended.signal.aborted;
  }

  /** Whether the sink answers a handshake on a new connection, which is closed again. */
  async isAlive(): Promise<boolean> {
    for (let probe = 0; probe < PROBES && !this.isClosed; probe++) {
      try {
        const client = await this.#connect();
        await client.close();
        return true;
      } catch {
        // The next one goes to another thread of the sink.
      }
    }
    return false;
  }

  /** Ends the connection under way, with the call on it; the next call makes a new one. */
  async reset(reason: StreamjobError): Promise<void> {
    await this.#client?.close(reason);
  }

  /** Ends the connection; a poll under way is not cancelled by it at the sink, which holds what it takes until its timeout. */
  async close(): Promise<void> {
    this.#ended.abort();
    await this.#client?.close();
  }

  async #connected(): Promise<AvroRpcClient> {
    if (this.isClosed) throw stopped();
    if (this.#client === undefined || this.#client.closed) this.#client = await this.#connect();
    return this.#client;
  }

  async #connect(): Promise<AvroRpcClient> {
    const client = await AvroRpcClient.connect({
      ...this.#address,
      protocol: sparkSinkProtocol,
      connectTimeout: SINK_CALL_TIMEOUT_MS,
      clock: this.#clock,
      maxFrameBytes: this.#maxFrameBytes,
      signal: this.#ended.signal,
    });
    if (this.isClosed) await client.close();
    return client;
  }
}

function stopped(): StreamjobError {
  return new StreamjobError('CONNECTION_CLOSED', 'the receiver was stopped');
}
