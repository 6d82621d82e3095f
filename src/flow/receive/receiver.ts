/**
 * First step of the way of an event: what a receiver is. It hands deliveries over; when the batch that holds one has committed or was
 * given up, the receiver settles it with its peer. It knows nothing of batches. Nothing here assumes that the receiver is in this
 * process: what it asks is answered later, and its deliveries are plain numbers to it.
 */
import type { Chunk } from '../../core/chunk.ts';

/** Names one delivery, in this process and beyond it; it travels with the data. */
export interface AckToken {
  /** The stream that the events are part of. */
  readonly input: number;
  /** Which of the input's receivers gave it: from 0 on. */
  readonly receiver: number;
  /**
   * Which of the receiver's attachments gave it. A receiver that was cut off and comes back is attached anew; what the one before
   * still sends is refused by its epoch.
   */
  readonly epoch: number;
  /** Rises within the receiver. */
  readonly sequence: number;
}

/** One delivery of a peer: it becomes part of one batch, never of two. */
export interface Delivery {
  /** Rises within the receiver. */
  readonly sequence: number;
  /** The events, still undecoded where they came undecoded. */
  readonly events: Chunk<unknown>;
  /** The input has no data at all at this time, not even an empty batch: Spark's None, for tests of what depends on it. */
  readonly absent?: boolean;
  /** The memory it takes, in bytes. */
  readonly bytes: number;
}

/** A delivery of one of all receivers. */
export interface Arrival extends Omit<Delivery, 'sequence'> {
  readonly token: AckToken;
  /** When it came, in ms since the epoch; undefined: in a former run. */
  readonly receivedAt?: number;
}

/** What became of a delivery: its batch committed, or it is to be sent again. */
export type Outcome = 'committed' | 'given-up';

/** What an attempt to give a delivery up led to. */
export type GiveUpResult =
  /** It was in no batch yet, and is dropped. */
  | 'withdrawn'
  /** Its batch is given up; all its deliveries are settled as given up. */
  | 'batch-given-up'
  /** An output of its batch has committed already: the batch goes on, and the delivery is settled when it commits. */
  | 'committing'
  /** It is settled already. */
  | 'unknown';

/** Where one receiver puts what it receives, for as long as it is attached. */
export interface Intake {
  /** Hands a delivery over. What comes after another receiver took this one's place is settled as given up. */
  offer(delivery: Delivery): void;
  /**
   * Takes deliveries back that are in no batch yet, because their peer is gone and will send them again.
   * @returns those that were taken back, which nobody settles any more; the others are in a batch
   */
  withdraw(sequences: readonly number[]): Promise<readonly number[]>;
  /** Gives a delivery up because its peer will not wait any longer. */
  giveUp(sequence: number, reason: string): Promise<GiveUpResult>;
  /** Tells of an error that the receiver goes on after. */
  reportError(message: string): void;
  /** Ends the job with an error that no retry can mend. */
  fail(error: Error): void;
  /**
   * The receiver was cut off and is back, or another one does its work: this intake takes nothing any more, what came by it and is in no
   * batch is taken back, and what is in a batch is still settled with the one that gave it.
   * @param by what is settled with from now on
   * @returns the intake to go on with; one that has lost its place already, to another one, gets itself: it takes nothing
   */
  renew(by: Settles): Intake;
}

/** What deliveries are settled with. */
export interface Settles {
  /** As messages name it, e.g. `Flume push stream [0] on 127.0.0.1:41414`. */
  readonly name: string;
  /**
   * Settles deliveries with their peers, in a time that it bounds itself.
   * @returns how many events were acknowledged
   */
  settle(sequences: readonly number[], outcome: Outcome): Promise<number>;
}

/**
 * Where a receiver is in its life:
 * - `starting`: what it needs is being opened (a port, a connection, a user's onStart);
 * - `running`: it receives, or tries to: a peer that is away is no reason to leave this state;
 * - `restarting`: it failed, and is started again after a while;
 * - `stopped`: it has not been started yet, or has ended.
 */
export type ReceiverState = 'starting' | 'running' | 'restarting' | 'stopped';

/** A receiver, from start to close. What only some receivers have is a part with a name. */
export interface Receiver extends Settles {
  /** Begins to receive. @throws StreamjobError when it never can (a port in use), not when a peer is away for now */
  start(intake: Intake): Promise<void>;
  /** Takes nothing new; what was delivered can still be settled. */
  stopReceiving(): Promise<void>;
  /** A stop that is not graceful: settles at once or not at all, from now on. */
  abandon(): void;
  /** Ends all connections. */
  close(): Promise<void>;
  readonly reading?: Reading | undefined;
  readonly polling?: Polling | undefined;
  readonly peers?: Peers | undefined;
  readonly restarts?: Restarts | undefined;
}

/** Of a receiver that can be kept from reading: nothing is taken between `pause` and `resume`. */
export interface Reading {
  pause(): void;
  resume(): void;
}

/** Of a receiver that chooses how much it takes at once. */
export interface Polling {
  /** Called once before the start: no poll takes more than `events()` gives at its time. */
  askAtMost(events: () => number): void;
}

/** Of a receiver whose peers wait for an answer. */
export interface Peers {
  /** How long they wait, in ms. */
  readonly timeoutMs: number;
  /** What each of them waits for now; peers that wait for nothing are left out. */
  held(): readonly HeldOfPeer[];
}

/** What one peer waits for. */
export interface HeldOfPeer {
  /** Its address, as host:port. */
  readonly peer: string;
  /** Requests of a push receiver, fetches of a pull receiver. */
  readonly requests: number;
  readonly events: number;
  /** Since when it waits for the oldest of them, in ms since the epoch. */
  readonly since: number;
}

/** Of a receiver that restarts by itself; of the others the states follow from start and close. */
export interface Restarts {
  /** @param listener told of each new state, with the error that led to it */
  onState(listener: (state: ReceiverState, error: string | undefined) => void): void;
}
