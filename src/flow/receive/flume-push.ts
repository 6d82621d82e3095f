/**
 * The push receiver: an Avro RPC server, the target of Flume's Avro sinks and RPC clients. Each append and appendBatch is
 * one delivery; it is answered OK after its batch has committed, and FAILED when that does not come in time. A sink that
 * is answered FAILED waits 5 s, connects anew and sends the same events again.
 */

import { EventBlock } from '../../avro/event-block.ts';
import { checkedRequest, encodeStatus, type FlumeMessage, flumeProtocol } from '../../avro/protocols/flume.ts';
import type { RpcConnection, RpcRequest } from '../../avro/rpc-request.ts';
import { AvroRpcServer } from '../../avro/server.ts';
import type { Clock } from '../../core/clock.ts';
import { StreamjobError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { type Resolved, resolveOptions } from '../../core/options.ts';
import type { Reliability } from '../../core/reliability.ts';
import type { TakesInput } from '../../core/shared-memory.ts';
import type { Telemetry } from '../../core/telemetry.ts';
import { HeldDeliveries } from './held.ts';
import type { Dedupe } from './input.ts';
import { type FlumePushOptions, PUSH_OPTIONS } from './push-options.ts';
import type { Intake, Outcome, Peers, Reading, Receiver } from './receiver.ts';

export type { FlumePushOptions };

/** What the receiver needs besides. */
export interface ReceiverSettings {
  readonly id: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly telemetry: Telemetry;
  readonly batchMs: number;
  /** At end-to-end alone peers wait for the commit. */
  readonly reliability: Reliability;
  /** Whether batches are cut as soon as something waits. */
  readonly eager: boolean;
  /** Whether the embedded agent feeds the job. */
  readonly embeddedAgent: boolean;
  /** Where what is received is best put for the engine. */
  readonly takesInput: TakesInput;
}

/** `batch-size` of Flume's Avro sink unless it is set. */
const FLUME_BATCH_SIZE = 100;
/** At this part of the peer's timeout a held request is answered FAILED, so that the answer still reaches the peer. */
const HOLD_FRACTION = 0.75;

interface Held {
  readonly request: RpcRequest;
  readonly events: number;
  readonly forget: () => void;
}

/** The push receiver. */
export class FlumePushReceiver implements Receiver {
  /** Their timeout is the `request-timeout` of the sinks. */
  readonly peers: Peers;
  readonly reading: Reading = {
    pause: () => this.#server?.pauseReading(),
    resume: () => this.#server?.resumeReading(),
  };
  /** How its input knows events that come again. */
  readonly dedupe: Dedupe | undefined;
  readonly #options: Resolved<typeof PUSH_OPTIONS>;
  readonly #settings: ReceiverSettings;
  readonly #held: HeldDeliveries<Held>;
  /** The requests of each connection that are held, in the order they came. */
  readonly #byConnection = new Map<RpcConnection, Set<number>>();
  /** Connections of clients that pipeline on which a request failed: what comes behind it fails too. */
  readonly #broken = new WeakSet<RpcConnection>();
  #intake: Intake | undefined;
  #server: AvroRpcServer | undefined;
  #port: number;
  #sequence = 0;
  #stopping = false;
  /** Each takes a gauge back. */
  #gauges: readonly (() => void)[] = [];

  /** @throws StreamjobError CONFIG_INVALID when the batch interval is too long for the peers' timeout */
  constructor(options: FlumePushOptions, settings: ReceiverSettings) {
    this.#options = resolveOptions('flumeStream', PUSH_OPTIONS, options);
    this.#port = this.#options.port;
    this.#settings = settings;
    this.dedupe = this.#options.dedupe;
    const timeoutMs = this.#options.peerRequestTimeout;
    this.peers = {
      timeoutMs,
      held: () => this.#held.byPeer(({ request, events }) => ({ peer: request.connection.remote, events })),
    };
    if (settings.reliability === 'end-to-end') requireShortInterval(settings.batchMs, timeoutMs);
    this.#held = new HeldDeliveries(settings.clock, timeoutMs * HOLD_FRACTION, (seq) => void this.#onExpired(seq));
  }

  get name(): string {
    return `Flume push stream [${this.#settings.id}] on ${this.#options.host}:${this.#port}`;
  }

  async start(intake: Intake): Promise<void> {
    this.#intake = intake;
    const { handshakeTimeout, idleTimeout } = this.#options;
    this.#server = await AvroRpcServer.listen({
      ...this.#options,
      handshakeTimeoutMs: handshakeTimeout,
      idleTimeoutMs: idleTimeout,
      shared: this.#settings.takesInput === 'shared-memory',
      frameTimeoutMs: this.peers.timeoutMs,
      protocol: flumeProtocol,
      owner: 'flumeStream',
      log: this.#settings.log,
      clock: this.#settings.clock,
      onRequest: (request) => this.#onRequest(request),
    });
    this.#port = this.#server.address.port;
    this.#gauges = this.#registerGauges();
    this.#tellLimit();
  }

  #registerGauges(): (() => void)[] {
    const { id, telemetry } = this.#settings;
    const labels = { input: `${id}`, name: this.name };
    return [
      telemetry.gauge(
        'push_connections',
        { help: 'open connections of peers', labels },
        () => this.#server?.connectionCount ?? 0,
      ),
      telemetry.gauge(
        'push_held_requests',
        { help: 'requests that wait for their answer', labels },
        () => this.#held.size,
      ),
    ];
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

  async settle(sequences: readonly number[], outcome: Outcome): Promise<number> {
    let acked = 0;
    const failed = new Set<RpcConnection>();
    for (const sequence of sequences) {
      const held = this.#takeHeld(sequence);
      if (held === undefined) continue;
      const { connection } = held.request;
      if (outcome === 'committed' && !connection.closed) acked += held.events;
      if (outcome !== 'committed') failed.add(connection);
      this.#answer(held, outcome === 'committed' ? 'OK' : 'FAILED');
    }
    for (const connection of failed) void this.#failRest(connection);
    return acked;
  }

  abandon(): void {}

  async stopReceiving(): Promise<void> {
    this.#stopping = true;
    this.#server?.stopAccepting();
  }

  async close(): Promise<void> {
    for (const takeBack of this.#gauges) takeBack();
    this.#held.stop();
    for (const sequence of this.#held.sequences()) {
      const held = this.#takeHeld(sequence);
      if (held !== undefined) this.#answer(held, 'FAILED');
    }
    await this.#server?.close();
  }

  /** @throws StreamjobError PROTOCOL_ERROR, LIMIT_EXCEEDED, which the server answers */
  #onRequest(request: RpcRequest): void {
    const checked = checkedRequest(request.message as FlumeMessage, request.params, this.#options);
    if (checked instanceof EventBlock) return this.#take(request, checked);
    // What comes behind it must not overtake it.
    const goOn = request.connection.holdReading();
    checked
      .then(
        (events) => this.#take(request, events),
        (error: unknown) => request.refuse(error),
      )
      .finally(goOn);
  }

  #take(request: RpcRequest, events: EventBlock): void {
    const { connection } = request;
    if (connection.closed) return;
    if (events.count === 0) return request.reply(encodeStatus('OK'));
    if (this.#stopping || this.#broken.has(connection)) return request.reply(encodeStatus('FAILED'));
    const sequence = this.#sequence++;
    // A sink whose connection closed sends the events again: what is in no batch yet would only be a second copy.
    const forget = connection.onClose(() => void this.#withdraw([sequence]));
    this.#held.hold(sequence, { request, events: events.count, forget });
    const ofConnection = this.#byConnection.get(connection) ?? new Set();
    this.#byConnection.set(connection, ofConnection.add(sequence));
    this.#intake?.offer({ sequence, events, bytes: request.params.length });
  }

  async #onExpired(sequence: number): Promise<void> {
    const waited = `a request was held for ${HOLD_FRACTION} of the peer's request timeout (${this.peers.timeoutMs} ms)`;
    if ((await this.#intake?.giveUp(sequence, waited)) !== 'withdrawn') return;
    const held = this.#takeHeld(sequence);
    if (held === undefined) return;
    const { connection } = held.request;
    this.#settings.log.warn(
      { peer: connection.remote, events: held.events },
      `${waited} before a batch took it: answered FAILED`,
    );
    this.#answer(held, 'FAILED');
    await this.#failRest(connection);
  }

  /**
   * A request of the connection was answered FAILED, and its client will send it again. Were the requests behind it taken, they would
   * overtake it. Flume's sinks have only one request in flight. Our own clients have many: all of theirs that are in no batch yet are
   * answered FAILED too, and so is whatever else comes on this connection, since the client sent that before it read the answer. It then
   * connects anew, and sends all of them again in their order.
   */
  async #failRest(connection: RpcConnection): Promise<void> {
    if (!connection.pipelines) return;
    this.#broken.add(connection);
    for (const held of await this.#withdraw([...(this.#byConnection.get(connection) ?? [])])) {
      this.#answer(held, 'FAILED');
    }
  }

  /** Takes back what is in no batch yet. @returns it, no longer held */
  async #withdraw(sequences: readonly number[]): Promise<Held[]> {
    const withdrawn = (await this.#intake?.withdraw(sequences)) ?? [];
    return withdrawn.map((sequence) => this.#takeHeld(sequence)).filter((held) => held !== undefined);
  }

  #takeHeld(sequence: number): Held | undefined {
    const held = this.#held.take(sequence)?.value;
    if (held === undefined) return undefined;
    const { connection } = held.request;
    const ofConnection = this.#byConnection.get(connection);
    ofConnection?.delete(sequence);
    if (ofConnection?.size === 0) this.#byConnection.delete(connection);
    return held;
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
