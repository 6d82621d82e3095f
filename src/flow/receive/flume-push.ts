/**
 * The push receiver: an Avro RPC server, the target of Flume's Avro sinks and RPC clients. Each append and appendBatch is
 * one delivery; it is answered OK after its batch has committed, and FAILED when that does not come in time. A sink that
 * is answered FAILED waits 5 s, connects anew and sends the same events again.
 */

import type { Compression, ServerTls } from '../../avro/layers.ts';
import { decodeEvents, encodeStatus, type FlumeMessage, flumeProtocol } from '../../avro/protocols/flume.ts';
import { AvroRpcServer, type RpcRequest } from '../../avro/server.ts';
import type { Clock } from '../../core/clock.ts';
import { type DurationLike, durationMs } from '../../core/duration.ts';
import { StreamjobError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { Reliability } from '../../core/reliability.ts';
import { HeldDeliveries } from './held.ts';
import {
  type AckToken,
  type DedupeOptions,
  type Intake,
  type Outcome,
  type Receiver,
  resolveDedupe,
} from './receiver.ts';

/** What `flumeStream` takes. */
export interface FlumePushOptions {
  /** The address to listen on. Default 0.0.0.0, all of this machine. */
  readonly host?: string;
  /** The port to listen on; 0: any free one. */
  readonly port: number;
  /** Key and certificate: then peers must speak TLS. */
  readonly tls?: ServerTls;
  /** 'auto' (default) takes plain and compressed peers, 'deflate' only compressed ones, 'none' only plain ones. */
  readonly compression?: Compression;
  /** Flume's rules, e.g. `allow:ip:10.1.*,deny:ip:*`. Default: every peer may connect. */
  readonly ipFilter?: string;
  /** The largest request, in bytes. Default 64 MiB. */
  readonly maxFrameBytes?: number;
  /** Bytes for requests that have not arrived whole, over all connections. Default 256 MiB. */
  readonly maxPartialBytes?: number;
  /** The `request-timeout` of the sinks that send here. Default 20s, Flume's. */
  readonly peerRequestTimeout?: DurationLike;
  /**
   * Events that come again are dropped by the id in a header, e.g. that of Flume's UUID interceptor. `remember`: at least so many
   * of the last ids are known, default 1,000,000.
   */
  readonly dedupe?: DedupeOptions;
}

/** What the receiver needs besides. */
export interface ReceiverSettings {
  readonly id: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly batchMs: number;
  /** At end-to-end alone peers wait for the commit. */
  readonly reliability: Reliability;
  /** Whether batches are cut as soon as something waits. */
  readonly eager: boolean;
  /** Whether the embedded agent feeds the job. */
  readonly embeddedAgent: boolean;
  /** Whether other threads work on what is received. */
  readonly shared: boolean;
}

const DEFAULT_PEER_REQUEST_TIMEOUT_MS = 20_000;
/** `batch-size` of Flume's Avro sink unless it is set. */
const FLUME_BATCH_SIZE = 100;
/** At this part of the peer's timeout a held request is answered FAILED, so that the answer still reaches the peer. */
const HOLD_FRACTION = 0.75;

interface Held {
  readonly request: RpcRequest;
  readonly events: number;
  readonly forget: () => void;
}

/** See the file's head. */
export class FlumePushReceiver implements Receiver {
  readonly id: number;
  /** The `request-timeout` of its peers, in ms. */
  readonly peerTimeoutMs: number;
  readonly dedupe: Receiver['dedupe'];
  readonly #options: FlumePushOptions;
  readonly #settings: ReceiverSettings;
  readonly #held: HeldDeliveries<Held>;
  #intake: Intake | undefined;
  #server: AvroRpcServer | undefined;
  #port: number;
  #sequence = 0;
  #stopping = false;

  /** @throws StreamjobError CONFIG_INVALID when the batch interval is too long for the peers' timeout */
  constructor(options: FlumePushOptions, settings: ReceiverSettings) {
    this.id = settings.id;
    this.#options = options;
    this.#port = options.port;
    this.#settings = settings;
    this.dedupe = resolveDedupe(options.dedupe, 'flumeStream');
    const { peerRequestTimeout = DEFAULT_PEER_REQUEST_TIMEOUT_MS } = options;
    this.peerTimeoutMs = durationMs(peerRequestTimeout, 'peerRequestTimeout');
    if (settings.reliability === 'end-to-end') requireShortInterval(settings.batchMs, this.peerTimeoutMs);
    this.#held = new HeldDeliveries(settings.clock, this.peerTimeoutMs * HOLD_FRACTION, (seq) => this.#onExpired(seq));
  }

  get name(): string {
    return `Flume push stream [${this.id}] on ${this.#options.host ?? '0.0.0.0'}:${this.#port}`;
  }

  async start(intake: Intake): Promise<void> {
    this.#intake = intake;
    const { host = '0.0.0.0', port, tls, compression, maxFrameBytes, maxPartialBytes } = this.#options;
    this.#server = await AvroRpcServer.listen({
      host,
      port,
      tls,
      compression,
      maxFrameBytes,
      maxPartialBytes,
      ipFilter: this.#options.ipFilter,
      shared: this.#settings.shared,
      frameTimeoutMs: this.peerTimeoutMs,
      protocol: flumeProtocol,
      owner: 'flumeStream',
      log: this.#settings.log,
      clock: this.#settings.clock,
      onRequest: (request) => this.#onRequest(request),
    });
    this.#port = this.#server.address.port;
    this.#tellLimit();
  }

  /** Who looks for the reason of a slow sink finds it here. */
  #tellLimit(): void {
    const { batchMs, eager, embeddedAgent, log, reliability } = this.#settings;
    if (reliability !== 'end-to-end' || eager || embeddedAgent) return;
    const perSecond = Math.floor((FLUME_BATCH_SIZE * 1000) / batchMs);
    log.info(
      { eventsPerSecond: perSecond },
      `a Flume sink has one request in flight, and it is answered when its batch has committed: it delivers at most its batch-size every ${batchMs} ms, ` +
        `with Flume's default of ${FLUME_BATCH_SIZE} that is ${perSecond} events/s. For more raise batch-size, shorten batchInterval, or set cut: 'eager'`,
    );
  }

  pauseReading(): void {
    this.#server?.pauseReading();
  }

  resumeReading(): void {
    this.#server?.resumeReading();
  }

  async settle(tokens: readonly AckToken[], outcome: Outcome): Promise<number> {
    let acked = 0;
    for (const { sequence } of tokens) {
      const held = this.#held.take(sequence)?.value;
      if (held === undefined) continue;
      if (outcome === 'committed' && !held.request.connection.closed) acked += held.events;
      this.#answer(held, outcome === 'committed' ? 'OK' : 'FAILED');
    }
    return acked;
  }

  async stopReceiving(): Promise<void> {
    this.#stopping = true;
    this.#server?.stopAccepting();
  }

  async close(): Promise<void> {
    this.#held.stop();
    for (const sequence of this.#held.sequences()) {
      const held = this.#held.take(sequence)?.value;
      if (held !== undefined) this.#answer(held, 'FAILED');
    }
    await this.#server?.close();
  }

  #onRequest(request: RpcRequest): void {
    // Throws on parameters that are no events; the server answers that.
    const events = decodeEvents(request.message as FlumeMessage, request.params);
    if (events.count === 0) return request.reply(encodeStatus('OK'));
    if (this.#stopping) return request.reply(encodeStatus('FAILED'));
    const token: AckToken = { receiver: this.id, sequence: this.#sequence++ };
    // A sink whose connection closed sends the events again: what is in no batch yet would only be a second copy.
    const forget = request.connection.onClose(() => {
      if (this.#intake?.withdraw(token) === true) this.#held.take(token.sequence);
    });
    this.#held.hold(token.sequence, { request, events: events.count, forget });
    this.#intake?.offer({ token, events, bytes: request.params.length });
  }

  #onExpired(sequence: number): void {
    const token: AckToken = { receiver: this.id, sequence };
    const waited = `a request was held for ${HOLD_FRACTION} of the peer's request timeout (${this.peerTimeoutMs} ms)`;
    if (this.#intake?.giveUp(token, waited) !== 'withdrawn') return;
    const held = this.#held.take(sequence)?.value;
    if (held === undefined) return;
    const { remote } = held.request.connection;
    this.#settings.log.warn({ peer: remote, events: held.events }, `${waited} before a batch took it: answered FAILED`);
    this.#answer(held, 'FAILED');
  }

  #answer(held: Held, status: 'OK' | 'FAILED'): void {
    held.forget();
    held.request.reply(encodeStatus(status));
  }
}

function requireShortInterval(batchMs: number, peerTimeoutMs: number): void {
  if (batchMs <= peerTimeoutMs / 2) return;
  throw new StreamjobError(
    'CONFIG_INVALID',
    `the batch interval (${batchMs} ms) is over half of the sinks' request timeout (${peerTimeoutMs} ms)`,
    {
      where: 'flumeStream',
      hint:
        `a request is acknowledged after its batch has committed: set request-timeout and connect-timeout of the Flume sinks to ${batchMs * 2} or more, ` +
        `and peerRequestTimeout: ${batchMs * 2} here; or set batchInterval to ${Math.floor(peerTimeoutMs / 2)} ms or less`,
    },
  );
}
