/** Where each receiver is in its life, for users and the UI: kept here, and told as events. */
import type { Clock } from '../../core/clock.ts';
import type { EventBus } from '../../core/events.ts';
import type { Receiver, ReceiverState } from './receiver.ts';

/** The last error of a receiver. */
export interface ReceiverFailure {
  /** In ms since the epoch. */
  readonly time: number;
  readonly message: string;
}

/** A receiver as `ssc.receivers` lists it. */
export interface ReceiverInfo {
  /** The number of its stream. */
  readonly id: number;
  readonly name: string;
  readonly state: ReceiverState;
  /** Why it was started again last, or what it reported last; it stays when all is well again. */
  readonly lastError: ReceiverFailure | undefined;
}

/** Where each receiver is in its life, for users and the UI. */
export class ReceiverStates {
  readonly #clock: Clock;
  readonly #events: EventBus;
  readonly #known = new Map<
    number,
    { readonly receiver: Receiver; state: ReceiverState; lastError?: ReceiverFailure }
  >();

  constructor(clock: Clock, events: EventBus) {
    this.#clock = clock;
    this.#events = events;
    events.subscribe((event) => {
      if (event.type === 'receiverError') this.#failed(event.receiver, event.message);
    });
  }

  /** All receivers, in the order of their streams. */
  get list(): ReceiverInfo[] {
    return [...this.#known.values()].map(({ receiver: { id, name }, state, lastError }) => ({
      ...{ id, name, state, lastError },
    }));
  }

  add(receiver: Receiver): void {
    this.#known.set(receiver.id, { receiver, state: 'stopped' });
    receiver.onState?.((state, error) => {
      if (error !== undefined) this.#failed(receiver.id, error);
      this.set(receiver, state);
    });
  }

  /** Told by who starts and closes it, and by itself when it restarts; told once if nothing changes. */
  set({ id, name }: Receiver, state: ReceiverState): void {
    const known = this.#known.get(id);
    if (known === undefined || known.state === state) return;
    known.state = state;
    this.#events.next({ type: 'receiverState', receiver: id, name, state, lastError: known.lastError?.message });
  }

  #failed(id: number, message: string): void {
    const known = this.#known.get(id);
    if (known !== undefined) known.lastError = { time: this.#clock.now(), message };
  }
}
