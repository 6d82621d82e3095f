/** The sinks of a group that has several, each on its own channel: what all processors of such a group do with them. */
import type { Channel } from '../channels/channel.ts';
import type { Sink } from '../sinks/sink.ts';
import type { GroupSink } from './processor.ts';

/** A sink of the group. */
export interface Member {
  readonly name: string;
  readonly sink: Sink;
  readonly channel: Channel;
}

/** The sinks of a group. */
export class Members {
  readonly all: readonly Member[];
  readonly #channels: readonly Channel[];

  constructor(sinks: readonly GroupSink[]) {
    this.all = sinks.map(({ channel, name, open }) => ({ name, channel, sink: open(channel) }));
    this.#channels = [...new Set(this.all.map(({ channel }) => channel))];
  }

  /** Starts all; when one fails, those that have started are stopped. @throws what it threw */
  async start(): Promise<void> {
    const started: Member[] = [];
    try {
      for (const member of this.all) {
        await member.sink.start();
        started.push(member);
      }
    } catch (error) {
      await Promise.allSettled(started.map(({ sink }) => sink.stop()));
      throw error;
    }
  }

  /** Stops all. @throws what the first of them threw that could not be stopped */
  async stop(): Promise<void> {
    const stopped = await Promise.allSettled(this.all.map(({ sink }) => sink.stop()));
    for (const result of stopped) if (result.status === 'rejected') throw result.reason;
  }

  /** When something is due by the time alone in one of them, in ms; undefined: nothing. */
  async idle(): Promise<number | undefined> {
    const due = await Promise.all(this.all.map(async ({ sink }) => sink.idle?.()));
    const known = due.filter((ms) => ms !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  /** As of SinkProcessor: whether one of their channels has something. */
  async available(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    const [only] = this.#channels;
    if (only !== undefined && this.#channels.length === 1) return await only.available(timeoutMs, signal);
    const found = new AbortController();
    const either = AbortSignal.any([signal, found.signal]);
    try {
      return await firstTrue(this.#channels.map((channel) => channel.available(timeoutMs, either)));
    } finally {
      found.abort();
    }
  }
}

async function firstTrue(waits: readonly Promise<boolean>[]): Promise<boolean> {
  return await new Promise<boolean>((resolve, reject) => {
    let left = waits.length;
    for (const wait of waits) {
      wait.then((isTrue) => {
        left--;
        if (isTrue || left === 0) resolve(isTrue);
      }, reject);
    }
  });
}
