/** The states of a transaction and its lists of puts and takes, the same for every channel. The channel does the rest. */
import { type ErrorCode, StreamjobError } from '../../core/errors.ts';
import type { PlainEvent } from '../../core/event.ts';
import type { Transaction, TransactionState } from './channel.ts';

/** An event that was taken, with its place in the channel's order. */
export interface Taken {
  readonly seq: number;
  readonly event: PlainEvent;
}

/** What a transaction asks of its channel. */
export interface TransactionHost {
  readonly name: string;
  readonly transactionCapacity: number;
  /** @throws StreamjobError CHANNEL_CLOSED unless the channel is started */
  requireOpen(): void;
  takeNext(): Taken | undefined;
  commit(puts: readonly PlainEvent[], takes: readonly Taken[]): Promise<void>;
  /** Returns taken events to the head. */
  restore(takes: readonly Taken[]): void;
}

/** Makes a transaction on `host`. */
export function newTransaction(host: TransactionHost): Transaction {
  return new ChannelTransaction(host);
}

class ChannelTransaction implements Transaction {
  readonly #host: TransactionHost;
  #state: TransactionState = 'new';
  #committing = false;
  #puts: PlainEvent[] = [];
  #takes: Taken[] = [];

  constructor(host: TransactionHost) {
    this.#host = host;
  }

  get state(): TransactionState {
    return this.#state;
  }

  begin(): void {
    this.#require('new', 'begin');
    this.#host.requireOpen();
    this.#state = 'open';
  }

  put(event: PlainEvent): void {
    this.#require('open', 'put');
    if (this.#puts.length >= this.#host.transactionCapacity) throw this.#full('put');
    this.#puts.push(event);
  }

  take(): PlainEvent | undefined {
    this.#require('open', 'take');
    this.#host.requireOpen();
    if (this.#takes.length >= this.#host.transactionCapacity) throw this.#full('take');
    const taken = this.#host.takeNext();
    if (taken === undefined) return undefined;
    this.#takes.push(taken);
    return taken.event;
  }

  async commit(): Promise<void> {
    this.#require('open', 'commit');
    this.#host.requireOpen();
    this.#committing = true;
    try {
      await this.#host.commit(this.#puts, this.#takes);
      this.#complete();
    } finally {
      this.#committing = false;
    }
  }

  rollback(): Promise<void> {
    this.#require('open', 'rollback');
    const takes = this.#takes;
    this.#complete();
    if (takes.length > 0) this.#host.restore(takes);
    return Promise.resolve();
  }

  close(): void {
    if (this.#state === 'open') throw this.#wrong('close');
    this.#state = 'closed';
  }

  #complete(): void {
    this.#state = 'completed';
    this.#puts = [];
    this.#takes = [];
  }

  #require(state: TransactionState, call: string): void {
    if (this.#state !== state || this.#committing) throw this.#wrong(call);
  }

  #wrong(call: string): StreamjobError {
    const state = this.#committing ? 'being committed' : this.#state;
    return this.#error(
      'TRANSACTION_STATE',
      `${call} called on a transaction of channel ${this.#host.name} that is ${state}`,
    );
  }

  /** In Flume's words and with its number: Spark's receiver and operators read "capacity N full". */
  #full(list: 'put' | 'take'): StreamjobError {
    const what = list === 'put' ? 'Put queue' : 'Take list';
    return this.#error(
      'TRANSACTION_FULL',
      `${what} for the transaction of channel ${this.#host.name}, capacity ${this.#host.transactionCapacity} full, consider committing more frequently, increasing capacity, or increasing thread count`,
      `raise transactionCapacity of channel ${this.#host.name}, or use smaller batches`,
    );
  }

  #error(code: ErrorCode, message: string, hint?: string): StreamjobError {
    return new StreamjobError(code, message, {
      where: `channel ${this.#host.name}`,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

/** That the channel is not started. */
export function channelClosed(name: string): StreamjobError {
  return new StreamjobError('CHANNEL_CLOSED', `channel ${name} is not open: it was not started, or it was stopped`, {
    where: `channel ${name}`,
  });
}

/** Inserts `seqs`, in the order in which they were taken, into `head`, which is kept descending so that the next one to take is popped. */
export function returnToHead<T extends { readonly seq: number }>(head: T[], seqs: readonly T[]): void {
  const last = seqs.at(-1);
  const next = head.at(-1);
  let inOrder = last === undefined || next === undefined || last.seq < next.seq;
  for (let i = seqs.length - 1; i >= 0; i--) {
    const item = seqs[i];
    if (item === undefined) continue;
    const after = seqs[i + 1];
    // A transaction may have taken what another one returned meanwhile, which is of lower numbers than what it took before.
    if (after !== undefined && after.seq < item.seq) inOrder = false;
    head.push(item);
  }
  // Several transactions are rolled back last begun first; only another order needs the sort.
  if (!inOrder) head.sort((a, b) => b.seq - a.seq);
}
