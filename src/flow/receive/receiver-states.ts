/** Where each receiver is in its life, for users and the UI: kept here, and told as events. */
import type { Clock } from '../../core/clock.ts';
import type { EventBus } from '../../core/events.ts';
import type { Input } from './input.ts';
import type { Receiver, ReceiverState } from './receiver.ts';

/** The last error of a receiver. */
export interface ReceiverFailure {
  /** In ms since the epoch. */
  readonly time: number;
  /** What it said. */
  readonly message: string;
}

/** A receiver as `ssc.receivers` lists it. */
export interface ReceiverInfo {
  /** The number of its stream. */
  readonly id: number;
  /** Its name, e.g. `Flume push stream [0] on 0.0.0.0:41414`. */
  readonly name: string;
  /** Where it is in its life. */
  readonly state: ReceiverState;
  /** Why it was started again last, or what it reported last; it stays when all is well again. */
  readonly lastError: ReceiverFailure | undefined;
}

/** Where each receiver is in its life, for users and the UI. */
export class ReceiverStates {
  readonly #clock: Clock;
  readonly #events: EventBus;
  readonly #known = new Map<Receiver, { readonly id: number; state: ReceiverState; lastError?: ReceiverFailure }>();

  constructor(clock: Clock, events: EventBus) {
    this.#clock = clock;
    this.#events = events;
    events.subscribe((event) => {
      if (event.type !== 'receiverError') return;
      for (const [receiver, { id }] of this.#known) {
        if (id === event.receiver && receiver.name === event.name) this.#failed(receiver, event.message);
      }
    });
  }

  /** All receivers, in the order of their streams. */
  get list(): ReceiverInfo[] {
    return [...this.#known].map(([{ name }, { id, state, lastError }]) => ({ id, name, state, lastError }));
  }

  add({ id, receivers }: Input): void {
    for (const receiver of receivers) {
      this.#known.set(receiver, { id, state: 'stopped' });
      receiver.restarts?.onState((state, error) => {
        if (error !== undefined) this.#failed(receiver, error);
        this.set(receiver, state);
      });
    }
  }

  /** Told by who starts and closes it, and by itself when it restarts; told once if nothing changes. */
  set(receiver: Receiver, state: ReceiverState): void {
    const known = this.#known.get(receiver);
    if (known === undefined || known.state === state) return;
    known.state = state;
    const { id, lastError } = known;
    const { name } = receiver;
    this.#events.next({ type: 'receiverState', receiver: id, name, state, lastError: lastError?.message });
  }

  #failed(receiver: Receiver, message: string): void {
    const known = this.#known.get(receiver);
    if (known !== undefined) known.lastError = { time: this.#clock.now(), message };
  }
}
