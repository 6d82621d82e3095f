/**
 * store_on_failure: events go from memory to the receiver; once it cannot take them, they go to a spill on disk, and from there
 * to the receiver when it is back. Invariants:
 * - while the spill holds an event, the sink takes from the spill only, and every younger event goes through it: the order holds;
 * - an event leaves the memory only when it is synced in the spill or delivered;
 * - the spill is bounded: when it is full, or its disk fails, events stay in the channel, which fills up and tells its sources no.
 */
import os from 'node:os';
import path from 'node:path';
import { sleep } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Channel } from '../channels/channel.ts';
import { checkEncryption, encryptionFields } from '../channels/file/keys/fields.ts';
import { Waiters } from '../channels/waiters.ts';
import { defineComponent } from '../component/component.ts';
import { channelCounters, gauge } from '../component/counters.ts';
import { int, text, type Values } from '../component/fields.ts';
import { below, type Settings } from '../component/settings.ts';
import type { Sink, SinkStatus } from '../sinks/sink.ts';
import {
  type GroupSink,
  onlySink,
  type ProcessorContext,
  type ProcessorType,
  type SinkProcessor,
} from './processor.ts';
import { Route, type Way } from './store-on-failure/route.ts';
import { makeSpill, move } from './store-on-failure/spill.ts';

const fields = {
  directory: text({ doc: 'directory of the spill. Default: ~/.flume/store-on-failure/AGENT-GROUP' }),
  maxBytes: int({
    unit: 'bytes',
    doc: 'most bytes that events take in the spill',
    default: 1_073_741_824,
    min: 65_536,
  }),
  minimumRequiredSpace: int({
    unit: 'bytes',
    doc: 'bytes of the disk that must be free for the spill',
    default: 524_288_000,
  }),
  backoff: int({
    unit: 'ms',
    doc: 'ms until the receiver is tried again, doubling with each failure',
    default: 1000,
    min: 1,
  }),
  maxBackoff: int({ unit: 'ms', doc: 'ms between two attempts at most', default: 5000, min: 1 }),
  stallTimeout: int({
    unit: 'ms',
    doc: 'ms after which events that no receiver fetches go to the spill, e.g. while nobody polls a Spark sink',
    default: 2000,
    min: 1,
  }),
  ...encryptionFields,
};

/** While a receiver that is back empties the spill, younger events are moved there in this rhythm, in ms, so that it gets empty. */
const LINGER_MS = 200;
/** How long the next attempt to write a spill that is full or cannot be written is put off, in ms. */
const REFUSED_MS = 500;

class StoreOnFailure implements SinkProcessor {
  readonly #values: Values<typeof fields>;
  readonly #context: ProcessorContext;
  readonly #group: GroupSink;
  readonly #spill: Channel;
  readonly #route: Route;
  readonly #sink: Sink;
  readonly #stop = new AbortController();
  readonly #bell: Waiters;
  #rings = 0;
  #moving: Promise<void> = Promise.resolve();
  /** Whether the receiver took what it was sent last. */
  #healthy = true;
  #refused = false;
  #wait: number;

  constructor(values: Values<typeof fields>, context: ProcessorContext, settings: Settings) {
    this.#values = values;
    this.#context = context;
    this.#wait = values.backoff;
    this.#group = onlySink(context);
    const { name, agent, clock } = context;
    const directory = values.directory ?? path.join(os.homedir(), '.flume/store-on-failure', `${agent}-${name}`);
    const counters = channelCounters();
    gauge(context.counters, 'EventDamagedCount', () => counters.EventDamagedCount ?? 0);
    this.#spill = makeSpill(context, counters, { ...values, directory, encryption: below(settings, 'encryption.') });
    this.#bell = new Waiters(clock);
    this.#route = new Route({
      direct: this.#group.channel,
      spill: this.#spill,
      clock,
      onEnd: (way, delivered) => this.#onEnd(way, delivered),
    });
    this.#sink = this.#group.open(this.#route);
  }

  async start(): Promise<void> {
    await this.#spill.start();
    this.#count(0);
    if (this.#spill.size > 0) this.#route.switchTo('spill');
    try {
      await this.#sink.start();
    } catch (error) {
      await this.#spill.stop();
      throw error;
    }
    this.#moving = this.#keepMoving();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#moving;
    try {
      await this.#sink.stop();
      // What would be lost with the memory is sent after the next start instead.
      if (!this.#group.durable) await this.#saveRest();
    } finally {
      await this.#spill.stop();
    }
  }

  async idle(): Promise<number | undefined> {
    return this.#sink.idle?.();
  }

  async process(signal: AbortSignal): Promise<SinkStatus> {
    try {
      const status = await this.#sink.process(signal);
      this.#onHealthy();
      return status;
    } catch (error) {
      if (signal.aborted) throw error;
      this.#onFailure(messageOf(error));
      await sleep(this.#context.clock, this.#wait, signal);
      this.#wait = Math.min(this.#wait * 2, Math.max(this.#values.backoff, this.#values.maxBackoff));
      return 'ready';
    }
  }

  available(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    return this.#route.available(timeoutMs, signal);
  }

  async whenEmpty(signal?: AbortSignal): Promise<void> {
    await this.#route.whenEmpty(signal);
  }

  #onFailure(reason: string): void {
    const { log, name } = this.#context;
    const first = this.#healthy;
    this.#healthy = false;
    this.#route.switchTo('spill');
    this.#ring();
    const facts = { cause: reason, onDisk: this.#spill.size };
    const line = `sink ${name} cannot deliver: ${reason}`;
    if (first) log.warn(facts, `${line}. Events are written to disk until it can`);
    else log.debug(facts, line);
  }

  #onHealthy(): void {
    this.#wait = this.#values.backoff;
    if (this.#healthy) return;
    this.#healthy = true;
    this.#context.log.info(
      { onDisk: this.#spill.size },
      `sink ${this.#context.name} delivers again; ${this.#spill.size} events are on disk and go first`,
    );
    this.#ring();
  }

  #onEnd(way: Way, delivered: boolean): void {
    if (way === 'spill' && delivered) this.#count(0);
    if (delivered) this.#onHealthy();
    if (this.#route.way === 'spill' && (way === 'direct' || this.#spill.size === 0)) this.#ring();
  }

  async #keepMoving(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      if (this.#route.way === 'direct') await this.#watch();
      else await this.#moveOn();
    }
  }

  /** Nothing is on disk: waits for a failure, or until events lie in the channel though the sink has nothing in flight. */
  async #watch(): Promise<void> {
    const channel = this.#group.channel;
    if (!(await this.#rungOr((signal) => channel.available(Number.POSITIVE_INFINITY, signal)))) return;
    const { directTakes } = this.#route;
    await this.#rung(this.#values.stallTimeout);
    const idle = this.#route.openDirect === 0 && this.#route.directTakes === directTakes && channel.size > 0;
    if (idle && this.#route.way === 'direct' && !this.#stop.signal.aborted)
      this.#onFailure(`nobody took an event for ${this.#values.stallTimeout} ms`);
  }

  /** One step while the sink takes from the spill. */
  async #moveOn(): Promise<void> {
    // What is still in flight is older than what would be moved; its end rings.
    if (this.#route.openDirect > 0) return void (await this.#rung(Number.POSITIVE_INFINITY));
    if (this.#healthy && this.#spill.size === 0) return this.#route.switchTo('direct');
    let moved: number;
    try {
      moved = await move(this.#group.channel, this.#spill);
    } catch (error) {
      return this.#onRefused(error);
    }
    this.#refused = false;
    this.#count(moved);
    if (this.#healthy) await this.#rung(LINGER_MS);
    else if (moved === 0) {
      await this.#rungOr((signal) => this.#group.channel.available(Number.POSITIVE_INFINITY, signal));
    }
  }

  async #onRefused(error: unknown): Promise<void> {
    const { log, name } = this.#context;
    if (!this.#refused) {
      log.error(
        { cause: messageOf(error), onDisk: this.#spill.size },
        `sink ${name}: events cannot be written to disk, they stay in their channel until it is full: ${messageOf(error)}`,
      );
    }
    this.#refused = true;
    // With nothing on disk there is no order to keep: a receiver that is back gets them at once.
    if (this.#spill.size === 0) this.#route.switchTo('direct');
    await this.#rung(REFUSED_MS);
  }

  /** At a stop: what is left in memory. */
  async #saveRest(): Promise<void> {
    try {
      for (let moved = -1; moved !== 0; this.#count(moved)) moved = await move(this.#group.channel, this.#spill);
    } catch (error) {
      const { log, name } = this.#context;
      log.error(
        { cause: messageOf(error) },
        `sink ${name}: events that were left at the stop could not be written to disk: ${messageOf(error)}`,
      );
    }
  }

  /** Called after every change, and no gauge: while events are moved they are in both, and count once they have left the memory. */
  #count(moved: number): void {
    this.#context.counters.EventSpillCount += moved;
    this.#context.counters.SpillSize = this.#spill.size;
  }

  #ring(): void {
    this.#rings++;
    this.#bell.wake();
  }

  /** Waits for the next ring, for `ms` at most. */
  #rung(ms: number, signal: AbortSignal = this.#stop.signal): Promise<boolean> {
    const before = this.#rings;
    return this.#bell.wait(() => this.#rings !== before, ms, signal);
  }

  /** Waits for the next ring or for `other`. @returns what `other` found, false after a ring */
  async #rungOr(other: (signal: AbortSignal) => Promise<boolean>): Promise<boolean> {
    const round = new AbortController();
    const end = (): void => round.abort();
    this.#stop.signal.addEventListener('abort', end, { once: true });
    try {
      if (this.#stop.signal.aborted) return false;
      return await Promise.race([
        other(round.signal),
        this.#rung(Number.POSITIVE_INFINITY, round.signal).then(() => false),
      ]);
    } finally {
      this.#stop.signal.removeEventListener('abort', end);
      round.abort();
    }
  }
}

/** The processor of the level store-on-failure. */
export const storeOnFailure: ProcessorType = defineComponent({
  type: 'store_on_failure',
  doc: 'sends from memory; what the receiver cannot take is written to disk and sent in order when it is back',
  delivery:
    'At least once: what the receiver cannot take is synced to disk before it leaves the channel, and sent in order. A kill of the agent costs what its channel in memory held.',
  differences: ['It is not in Flume 1.x: it is what Flume 0.9 called the store on failure level.'],
  fields,
  check: checkEncryption,
  limits: () => ({ sinks: 1 }),
  gives: { durable: 'end-to-end', memory: 'store-on-failure', madeFor: 'store-on-failure' },
  resources: ({ directory }) =>
    directory === undefined ? [] : [{ kind: 'directory', path: path.resolve(directory), property: 'directory' }],
  create: (values, context: ProcessorContext, { settings }): SinkProcessor =>
    new StoreOnFailure(values, context, settings),
});
