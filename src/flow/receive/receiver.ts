/**
 * First step of the way of an event: what a receiver is. It gives events with a token; when the batch that holds them has
 * committed or was given up, the token comes back and the receiver settles with its peer. It knows nothing of batches.
 */
import type { Chunk } from '../../core/chunk.ts';
import { count, type OptionTable, object, text } from '../../core/options.ts';

/** Names one delivery of one receiver; it travels with the data. */
export interface AckToken {
  readonly receiver: number;
  /** Rises within the receiver. */
  readonly sequence: number;
}

/** One delivery of a peer: it becomes part of one batch, never of two. */
export interface Arrival {
  readonly token: AckToken;
  /** The events, still undecoded where they came undecoded. */
  readonly events: Chunk<unknown>;
  /** The input has no data at all at this time, not even an empty batch: Spark's None, for tests of what depends on it. */
  readonly absent?: boolean;
  /** The memory it takes, in bytes. */
  readonly bytes: number;
}

/** How events that come again are known. */
export interface DedupeOptions {
  /** The header whose value is the event's id. */
  readonly header: string;
  /** At least so many of the last ids are known. Default: 1,000,000. */
  readonly remember?: number;
}

export const DEDUPE_OPTIONS = {
  header: text({
    required: true,
    expected: 'the name of the header that holds the id',
    doc: "the header whose value is the event's id",
  }),
  remember: count({ min: 1, default: 1_000_000, unit: 'ids', doc: 'at least so many of the last ids are known' }),
} satisfies OptionTable<DedupeOptions>;

/** The option of the receivers that know events by an id. */
export const DEDUPE_OPTION = object(DEDUPE_OPTIONS, {
  expected: "{ header: 'id', remember: 1_000_000 }",
  absent: 'an event that comes again is another event',
  doc: "events that come again are dropped by the id in a header, e.g. that of Flume's UUID interceptor",
});

/** What became of a delivery: its batch committed, or it is to be sent again. */
export type Outcome = 'committed' | 'given-up';

/** What an attempt to give a delivery up led to. */
export type GiveUpResult =
  /** It was in no batch yet, and is dropped. */
  | 'withdrawn'
  /** Its batch is given up; the tokens of all its deliveries are settled as given up. */
  | 'batch-given-up'
  /** An output of its batch has committed already: the batch goes on, and the token is settled when it commits. */
  | 'committing'
  /** It is settled already. */
  | 'unknown';

/** Where receivers put what they receive. */
export interface Intake {
  /** Hands a delivery over. */
  offer(arrival: Arrival): void;
  /** Drops a delivery that is in no batch yet, because its peer is gone and will send it again. False: it is in a batch. */
  withdraw(token: AckToken): boolean;
  /** Tells of an error that the receiver goes on after. */
  reportError(receiver: number, name: string, message: string): void;
  /** Ends the job with an error that no retry can mend. */
  fail(error: Error): void;
  /** Gives a delivery up because its peer will not wait any longer. */
  giveUp(token: AckToken, reason: string): GiveUpResult;
}

/**
 * Where a receiver is in its life:
 * - `starting`: what it needs is being opened (a port, a connection, a user's onStart);
 * - `running`: it receives, or tries to: a peer that is away is no reason to leave this state;
 * - `restarting`: it failed, and is started again after a while;
 * - `stopped`: it has not been started yet, or has ended.
 */
export type ReceiverState = 'starting' | 'running' | 'restarting' | 'stopped';

/** A receiver, from start to close. */
export interface Receiver {
  readonly id: number;
  /** As messages name it, e.g. `Flume push stream [0] on 127.0.0.1:41414`. */
  readonly name: string;
  /** Begins to receive. @throws StreamjobError when it never can (a port in use), not when a peer is away for now */
  start(intake: Intake): Promise<void>;
  /** Tells of each new state, for receivers that restart by themselves; of the others the states follow from start and close. */
  onState?(listener: (state: ReceiverState, error: string | undefined) => void): void;
  /** Called before the batch of `time` is cut, for inputs that look for their data then. */
  beforeBatch?(time: number): Promise<void>;
  /** Called once before `start`, for inputs that choose how much they take at once: they take no more than `events()` gives. */
  askAtMost?(events: () => number): void;
  /** Something is against it (see ReadingGate): takes nothing more until `resumeReading`. */
  pauseReading(): void;
  resumeReading(): void;
  /** The header that names each event, and how many names are remembered: events that come again are dropped by it. */
  readonly dedupe?: { readonly header: string; readonly remember: number } | undefined;
  /** Where an input that reads by itself has come to: plain data, stored when the batch commits. */
  position?(): unknown;
  /** Goes on where the last run had come to. @param lastTime of its last batch, in ms @param position what it had stored */
  resume?(lastTime: number, position: unknown): void;
  /** Settles deliveries with their peers. @returns how many events were acknowledged */
  settle(tokens: readonly AckToken[], outcome: Outcome): Promise<number>;
  /** A stop that is not graceful: settles at once or not at all, from now on. */
  abandon?(): void;
  /** Takes nothing new; what was delivered can still be settled. */
  stopReceiving(): Promise<void>;
  /** Ends all connections. */
  close(): Promise<void>;
}
