/**
 * The pull receiver: polls the buffering sinks (SparkSink) of Flume agents. Each batch of a sink is one delivery; it is
 * acknowledged after the batch that holds it has committed, and refused (nack) when that failed or would come too late.
 */
import { DEFAULT_MAX_FRAME_BYTES } from '../../avro/frames.ts';
import type { IncomingBatch } from '../../avro/protocols/spark-sink.ts';
import type { DurationLike } from '../../core/duration.ts';
import { StreamjobError } from '../../core/errors.ts';
import { readHostPort } from '../../core/host-port.ts';
import {
  count,
  duration,
  list,
  type OptionTable,
  resolveOptions,
  type SizeLike,
  size,
  text,
} from '../../core/options.ts';
import type { ReceiverSettings } from './flume-push.ts';
import { HeldDeliveries } from './held.ts';
import { DEDUPE_OPTION, type Dedupe, type DedupeOptions } from './input.ts';
import { EVENT_LIMIT_OPTIONS, type EventLimitOptions } from './limits.ts';
import { PullSink } from './pull-sink.ts';
import type { Intake, Outcome, Peers, Polling, Reading, Receiver } from './receiver.ts';
import type { SinkAddress } from './sink-connection.ts';

/** What `flumePollingStream` takes. */
export interface FlumePullOptions extends EventLimitOptions {
  /** The sinks, as `host:port`. */
  readonly addresses: readonly string[];
  /**
   * The most events in one batch of a sink. The default is Spark's; at most `transactionCapacity` of the sink's
   * channel. Default: 1,000.
   */
  readonly maxBatchSize?: number;
  /**
   * How many batches of each sink may wait for their commit at once. At most the sink's `threads` (10) less one.
   * Default: 5.
   */
  readonly parallelism?: number;
  /**
   * The `timeout` of the sinks: what is not acknowledged by then they deliver again. A batch is held for at most 0.75
   * of it; sinks are not asked while the estimated delay of the backlog is over half of it; a batch interval over half
   * of it is refused at start. An acknowledgement that comes later is counted and warned of. In ms, or a text such as
   * '250ms', '1s', '5m'. Default: 60s.
   */
  readonly sinkTimeout?: DurationLike;
  /** The largest answer of a sink. In bytes, or a text such as '64MiB'. Default: 64MiB. */
  readonly maxFrameBytes?: SizeLike;
  /**
   * Events that come again are dropped by the id in a header, e.g. that of Flume's UUID interceptor. Default: an event
   * that comes again is another event.
   */
  readonly dedupe?: DedupeOptions;
}

export const PULL_OPTIONS = {
  addresses: list(text({}), {
    min: 1,
    required: true,
    expected: "at least one address, e.g. ['127.0.0.1:41415']",
    doc: 'the sinks, as `host:port`',
  }),
  maxBatchSize: count({
    min: 1,
    default: 1000,
    unit: 'events',
    doc: 'the most events in one batch of a sink',
    more: "The default is Spark's; at most `transactionCapacity` of the sink's channel.",
  }),
  parallelism: count({
    min: 1,
    default: 5,
    unit: 'batches',
    doc: 'how many batches of each sink may wait for their commit at once',
    more: "At most the sink's `threads` (10) less one.",
  }),
  sinkTimeout: duration({
    default: '60s',
    doc: 'the `timeout` of the sinks: what is not acknowledged by then they deliver again',
    more:
      'A batch is held for at most 0.75 of it; sinks are not asked while the estimated delay of the backlog is over half of it; a batch ' +
      'interval over half of it is refused at start. An acknowledgement that comes later is counted and warned of.',
  }),
  maxFrameBytes: size({ default: DEFAULT_MAX_FRAME_BYTES, doc: 'the largest answer of a sink' }),
  dedupe: DEDUPE_OPTION,
  ...EVENT_LIMIT_OPTIONS,
} satisfies OptionTable<FlumePullOptions>;

/** At this part of the sink's timeout a batch that has not committed is refused, so that the sink still hears it. */
const HOLD_FRACTION = 0.75;

interface Held {
  readonly sink: PullSink;
  readonly sequenceNumber: string;
  readonly events: number;
}

/** The pull receiver. */
export class FlumePullReceiver implements Receiver {
  readonly name: string;
  /** Their timeout is the `timeout` of the sinks. */
  readonly peers: Peers;
  readonly reading: Reading = {
    pause: () => this.#each((sink) => sink.pause()),
    resume: () => this.#each((sink) => sink.resume()),
  };
  /** How its input knows events that come again. */
  readonly dedupe: Dedupe | undefined;
  readonly polling: Polling = { askAtMost: (events) => this.#each((sink) => sink.askAtMost(events)) };
  readonly #settings: ReceiverSettings;
  readonly #sinks: readonly PullSink[];
  readonly #held: HeldDeliveries<Held>;
  #intake: Intake | undefined;
  #sequence = 0;
  #lateAcks = 0;
  /** Each takes a measurement back. */
  #measured: readonly (() => void)[] = [];

  /** @throws StreamjobError CONFIG_INVALID */
  constructor(given: FlumePullOptions, settings: ReceiverSettings) {
    const options = resolveOptions('flumePollingStream', PULL_OPTIONS, given);
    this.#settings = settings;
    this.name = `Flume polling stream [${settings.id}] of ${options.addresses.join(', ')}`;
    const timeoutMs = options.sinkTimeout;
    this.peers = {
      timeoutMs,
      held: () => this.#held.byPeer(({ sink, events }) => ({ peer: sink.name, events })),
    };
    if (settings.reliability === 'end-to-end') requireShortInterval(settings.batchMs, timeoutMs);
    this.dedupe = options.dedupe;
    this.#held = new HeldDeliveries(settings.clock, timeoutMs * HOLD_FRACTION, (seq) => void this.#onExpired(seq));
    const common = {
      maxBatchSize: options.maxBatchSize,
      parallelism: options.parallelism,
      sinkTimeoutMs: timeoutMs,
      maxFrameBytes: options.maxFrameBytes,
      limits: options,
      clock: settings.clock,
      log: settings.log,
    };
    this.#sinks = options.addresses.map(parseAddress).map((address) => {
      const sink: PullSink = new PullSink({
        ...common,
        address,
        onBatch: (batch, bytes) => this.#onBatch(sink, batch, bytes),
      });
      return sink;
    });
  }

  /** Acknowledgements that came after the sink's timeout: the sink ignores them and delivers the events again. */
  get lateAcks(): number {
    return this.#lateAcks;
  }

  async start(intake: Intake): Promise<void> {
    this.#intake = intake;
    const { id, telemetry } = this.#settings;
    const labels = { input: `${id}`, name: this.name };
    const late = 'acknowledgements that came after the sink had given the batch up';
    this.#measured = [
      telemetry.gauge(
        'pull_held_batches',
        { help: 'batches of sinks that wait for their answer', labels },
        () => this.#held.size,
      ),
      telemetry.observableCounter('pull_late_acks', { help: late, labels }, () => this.#lateAcks),
    ];
    this.#each((sink) => sink.start());
  }

  async settle(sequences: readonly number[], outcome: Outcome): Promise<number> {
    const acked = await Promise.all(sequences.map((sequence) => this.#settleOne(sequence, outcome)));
    return acked.reduce((sum, count) => sum + count, 0);
  }

  abandon(): void {
    this.#each((sink) => sink.abandon());
  }

  async stopReceiving(): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => sink.stopFetching()));
  }

  async close(): Promise<void> {
    for (const takeBack of this.#measured) takeBack();
    this.#held.stop();
    await Promise.all(this.#held.sequences().map((sequence) => this.#settleOne(sequence, 'given-up')));
    await Promise.all(this.#sinks.map((sink) => sink.close()));
  }

  #onBatch(sink: PullSink, { sequenceNumber, events }: IncomingBatch, bytes: number): void {
    const sequence = this.#sequence++;
    this.#held.hold(sequence, { sink, sequenceNumber, events: events.count });
    this.#intake?.offer({ sequence, events, bytes });
  }

  async #settleOne(sequence: number, outcome: Outcome): Promise<number> {
    const held = this.#held.take(sequence);
    if (held === undefined) return 0;
    const { sink, sequenceNumber, events } = held.value;
    const inTime = await sink.settle(outcome === 'committed' ? 'ack' : 'nack', sequenceNumber, held.since);
    if (outcome !== 'committed') return 0;
    if (inTime) return events;
    this.#lateAcks++;
    this.#settings.log.warn(
      { sequenceNumber, events, lateAcks: this.#lateAcks },
      `a batch of ${events} events was acknowledged later than the sink's timeout (${this.peers.timeoutMs} ms): the sink delivers it again`,
    );
    return 0;
  }

  async #onExpired(sequence: number): Promise<void> {
    const reason = `a batch of a sink was held for ${HOLD_FRACTION} of the sink's timeout (${this.peers.timeoutMs} ms)`;
    if ((await this.#intake?.giveUp(sequence, reason)) !== 'withdrawn') return;
    this.#settings.log.warn({ reason }, `${reason} before a batch took it: refused, the sink delivers it again`);
    await this.#settleOne(sequence, 'given-up');
  }

  #each(act: (sink: PullSink) => void): void {
    for (const sink of this.#sinks) act(sink);
  }
}

function parseAddress(text: string): SinkAddress {
  const address = readHostPort(text);
  if (address !== undefined && address.port > 0) return address;
  throw new StreamjobError('CONFIG_INVALID', `this is no address of a sink: ${JSON.stringify(text)}`, {
    where: 'flumePollingStream',
    hint: "write host:port, e.g. '127.0.0.1:41415'",
  });
}

function requireShortInterval(batchMs: number, sinkTimeoutMs: number): void {
  if (batchMs <= sinkTimeoutMs / 2) return;
  throw new StreamjobError(
    'CONFIG_INVALID',
    `the batch interval (${batchMs} ms) is over half of the sinks' timeout (${sinkTimeoutMs} ms)`,
    {
      where: 'flumePollingStream',
      hint:
        `a sink's batch is acknowledged after ours has committed: set timeout of the Spark sinks to ${Math.ceil((batchMs * 2) / 1000)} (seconds) or more ` +
        `and sinkTimeout: ${batchMs * 2} here; or set batchInterval to ${Math.floor(sinkTimeoutMs / 2)} ms or less`,
    },
  );
}
