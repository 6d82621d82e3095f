/** What the contract suites of components have in common: their tests are plain functions, so that any test runner takes them. */
import { equal } from 'node:assert/strict';
import { type Clock, sleep, systemClock } from '../../core/clock.ts';
import type { PlainEvent } from '../../core/event.ts';
import { silentLogger } from '../../core/log.ts';
import { nextLoop } from '../../core/machine.ts';
import type { Channel, ChannelType, Transaction } from '../channels/channel.ts';
import { putAll } from '../channels/put-all.ts';
import type { ComponentType } from '../component/component-type.ts';
import { channelCounters } from '../component/counters.ts';
import type { OwnComponent, OwnKind } from '../component/own-types.ts';
import { Problems } from '../component/problems.ts';
import type { Setting } from '../component/settings.ts';

/** One test of a contract: `run` rejects when the component does not keep what its kind promises. */
export interface ContractTest {
  /** What must hold, in words. */
  readonly name: string;
  /** Rejects when it does not. */
  readonly run: () => Promise<void>;
}

/** Properties as a flume.conf has them, by their names without the component's prefix. */
export type ContractProperties = Readonly<Record<string, string | number | boolean>>;

/** A built-in type, or what a define function has made. */
export type TypeGiven<K extends OwnKind, Context, Instance> =
  | ComponentType<Context, Instance>
  | OwnComponent<K, Context, Instance>;

export function typeOf<K extends OwnKind, C, I>(given: TypeGiven<K, C, I>): ComponentType<C, I> {
  return 'kind' in given ? given.type : given;
}

/** Properties with a line each, from 1. */
export function settingsOf(properties: ContractProperties): Map<string, Setting> {
  return new Map(
    Object.entries(properties).map(([key, value], i) => [
      key,
      { key: `a1.x.${key}`, value: String(value), line: i + 1 },
    ]),
  );
}

/** Makes a component of its properties, as an agent does. @throws StreamjobError CONFIG_INVALID */
export function configured<C, I>(type: ComponentType<C, I>, properties: ContractProperties, context: C): I {
  const problems = new Problems('conf');
  const made = type.configure(settingsOf(properties), { owner: `${type.type} x`, line: 99, problems });
  problems.throwIfAny();
  if (made === undefined) throw new RangeError(`${type.type} was not configured`);
  return made.create(context);
}

/** A channel of its properties, which is not started. */
export function makeChannel(type: ChannelType, properties: ContractProperties, clock?: Clock): Channel {
  return configured(type, properties, {
    name: 'c1',
    log: silentLogger,
    clock: clock ?? systemClock,
    counters: channelCounters(),
  });
}

/** How long a contract waits for what must end, in ms. */
const LIMIT_MS = 5000;

/** Whether `work` ended within `ms`. */
export async function endsWithin(work: Promise<unknown>, ms: number = LIMIT_MS): Promise<boolean> {
  const stop = new AbortController();
  const late = sleep(systemClock, ms, stop.signal).then(() => false);
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    stop.abort();
  }
}

/** @param what it is that must end, for people */
export async function mustEnd(work: Promise<unknown>, what: string): Promise<void> {
  equal(await endsWithin(work), true, `${what} did not come to an end in ${LIMIT_MS} ms`);
}

/** Lets everything run that can run without the clock or the outside. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await nextLoop();
}

/** An event of a text. */
export function event(text: string, headers: Readonly<Record<string, string>> = {}): PlainEvent {
  return { headers, body: Buffer.from(text) };
}

/** The text of an event. */
export function textOf(taken: PlainEvent | undefined): string | undefined {
  return taken === undefined ? undefined : Buffer.from(taken.body).toString();
}

/** Puts events of these texts in one transaction. */
export function put(channel: Channel, ...texts: readonly string[]): Promise<void> {
  return putAll(
    channel,
    texts.map((text) => event(text)),
  );
}

/** Takes up to `count` events in a transaction that stays open. */
export function take(channel: Channel, count: number): { readonly transaction: Transaction; readonly texts: string[] } {
  const transaction = channel.transaction();
  transaction.begin();
  const texts: string[] = [];
  while (texts.length < count) {
    const text = textOf(transaction.take());
    if (text === undefined) break;
    texts.push(text);
  }
  return { transaction, texts };
}

/** Takes up to `count` events for good. */
export async function takeAll(channel: Channel, count = 100): Promise<string[]> {
  const { transaction, texts } = take(channel, count);
  await transaction.commit();
  transaction.close();
  return texts;
}

/** The channel, whose transactions commit in another way. @param commit takes the place of a commit, which it is given */
export function withCommit(channel: Channel, commit: (inner: () => Promise<void>) => Promise<void>): Channel {
  return {
    start: () => channel.start(),
    stop: () => channel.stop(),
    available: (timeoutMs, signal) => channel.available(timeoutMs, signal),
    whenEmpty: (signal) => channel.whenEmpty(signal),
    transactionCapacity: channel.transactionCapacity,
    get size() {
      return channel.size;
    },
    transaction(): Transaction {
      const inner = channel.transaction();
      return {
        get state() {
          return inner.state;
        },
        begin: () => inner.begin(),
        put: (event) => inner.put(event),
        take: () => inner.take(),
        rollback: () => inner.rollback(),
        close: () => inner.close(),
        commit: () => commit(() => inner.commit()),
      };
    },
  };
}
