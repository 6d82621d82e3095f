/** What a driver and a host that receives for it say to each other. */
import type { StoredPlace } from '../../avro/stored-events.ts';
import type { GiveUpResult, Outcome } from '../receive/receiver.ts';

/** Of both sides; another one is refused. */
export const PROTOCOL_VERSION = 1;

/** From a host to the driver: the first message, a call. */
export interface Attach {
  readonly type: 'attach';
  readonly version: number;
  /** What tells this host from others; one that comes later with the same name takes its place. */
  readonly name: string;
  /** What tells its process from others of that name: whose place was taken does not take it back. */
  readonly process: string;
  /** The names of its job's inputs: those of the driver must be the same. */
  readonly inputs: readonly string[];
  /** Where its blocks lie, below the storage's directory; it has made it, so that the driver can see whether both see the same. */
  readonly directory: string;
}

/** What the driver answers to `attach`. */
export interface Attached {
  /** Why it was refused. */
  readonly refused?: string;
  /** Whether trying again makes no sense. */
  readonly forGood?: boolean;
  /** Inputs that are not to be read now. */
  readonly paused: readonly number[];
}

/** From a host to the driver, once it is attached. */
export type FromHost =
  | {
      readonly type: 'offer';
      readonly input: number;
      readonly sequence: number;
      /** `path` is below the storage's directory. */
      readonly place: StoredPlace;
    }
  /** A call: which were taken back. */
  | { readonly type: 'withdraw'; readonly input: number; readonly sequences: readonly number[] }
  /** A call. */
  | { readonly type: 'giveUp'; readonly input: number; readonly sequence: number; readonly reason: string }
  | { readonly type: 'error'; readonly input: number; readonly message: string }
  /** What peers wait for now, for people. */
  | { readonly type: 'held'; readonly input: number; readonly held: readonly HeldThere[] };

/** As HeldOfPeer. */
export interface HeldThere {
  readonly peer: string;
  readonly requests: number;
  readonly events: number;
  readonly since: number;
}

/** What `withdraw` answers. */
export type Withdrawn = readonly number[];

/** What `giveUp` answers. */
export type GivenUp = GiveUpResult;

/** From the driver to a host. */
export type FromDriver =
  /** A call: how many events were acknowledged. */
  | {
      readonly type: 'settle';
      readonly input: number;
      readonly sequences: readonly number[];
      readonly outcome: Outcome;
    }
  | { readonly type: 'pause' | 'resume' | 'abandon'; readonly input: number }
  /** A call: it is answered when nothing new comes. */
  | { readonly type: 'stopReceiving'; readonly input: number }
  /** How many events a fetch may bring; null: as many as it likes. */
  | { readonly type: 'limit'; readonly input: number; readonly events: number | null };
