/** What the main thread and its workers say to each other, and the workers among themselves. All of it is plain data. */
import type { MessagePort } from 'node:worker_threads';
import type { StoredPlace } from '../../avro/stored-events.ts';
import { type ErrorCode, messageOf, StreamjobError } from '../../core/errors.ts';
import type { ShippedAccumulators } from '../../graph/shared.ts';
import type { PackedChange } from '../../graph/state/store.ts';
import type { WorkerJob } from '../engine.ts';
import type { Letter } from '../letters.ts';

/** A piece of an input's partition: Avro bytes that all threads see, where such bytes lie on disk, or values. */
export type PackedPiece =
  | { readonly count: number; readonly bytes: Uint8Array }
  | { readonly place: StoredPlace }
  | { readonly values: unknown };

/** What an input received for a batch, as one worker gets it. */
export interface PackedInput {
  readonly input: number;
  /** Undefined: the input has no data at all. null: another worker has the partition. */
  readonly partitions: readonly (readonly PackedPiece[] | null)[] | undefined;
}

/** What a worker thread is started with, as its workerData. */
export interface WorkerStart {
  /** How it becomes able to run the entry's code: modules whose `register` is called first, for TypeScript sources; and the entry. */
  readonly loaders: readonly string[];
  readonly entry: string;
  readonly job: WorkerJob;
  readonly member: number;
  readonly members: number;
  readonly numPartitions: number;
}

/** To a worker. Those with an `id` are answered. */
export type ToWorker =
  /** The port of another member, for trades. */
  | { readonly type: 'peer'; readonly member: number; readonly port: MessagePort }
  | {
      readonly type: 'run';
      readonly run: number;
      readonly time: number;
      readonly inputs: readonly PackedInput[];
      /** Whether values that functions throw on are left out. */
      readonly skips: boolean;
      /** Whether changes of states, and slices, are wanted. */
      readonly durable: boolean;
    }
  | { readonly type: 'abort'; readonly run: number }
  /** The worker is to end, after what it was told before. */
  | { readonly type: 'end' }
  | { readonly type: 'complete'; readonly time: number }
  | { readonly type: 'forget'; readonly time: number }
  | {
      readonly type: 'fetch';
      readonly id: number;
      readonly node: number;
      readonly time: number;
      readonly partition: number;
      readonly limit: number;
    }
  | { readonly type: 'bucket'; readonly id: number; readonly node: number; readonly bucket: number }
  | { readonly type: 'state'; readonly node: number; readonly change: PackedChange }
  | { readonly type: 'stated'; readonly node: number; readonly lastCommitted: number | undefined }
  | {
      readonly type: 'slice';
      readonly owners: readonly string[];
      readonly time: number;
      readonly partitions: readonly (Uint8Array | null)[];
    };

/** From a worker. */
export type FromWorker =
  /** The job is built. @see describeGraph */
  | { readonly type: 'ready'; readonly graph: readonly string[] }
  | { readonly type: 'unready'; readonly error: PackedError }
  | { readonly type: 'ran'; readonly run: number; readonly report: RunReport }
  | { readonly type: 'failed'; readonly run: number; readonly error: PackedError; readonly aborted: boolean }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'refused'; readonly id: number; readonly error: PackedError };

/** What a worker tells of a batch that has run. */
export interface RunReport {
  /** Nodes whose data is kept: who has which partition, and whether this worker has values of it. */
  readonly nodes: readonly { readonly node: number; readonly owners: readonly number[]; readonly nonEmpty: boolean }[];
  readonly states: readonly {
    readonly node: number;
    readonly touched: boolean;
    readonly size: number;
    readonly changes: readonly PackedChange[];
  }[];
  readonly slices: readonly {
    readonly owners: readonly string[];
    readonly partitions: readonly (Uint8Array | null)[];
  }[];
  readonly letters: readonly Letter[];
  readonly accumulators: ShippedAccumulators;
}

/** Pieces of a shuffle, from one member to another. */
export interface TradeMessage {
  readonly run: number;
  /** The number of the trade in the run: the same for all members. */
  readonly trade: number;
  readonly pieces: readonly (readonly [source: number, target: number, data: unknown])[];
}

/** An error on its way. */
export interface PackedError {
  readonly code: ErrorCode | undefined;
  readonly message: string;
  readonly where: string | undefined;
  readonly hint: string | undefined;
  readonly stack: string | undefined;
  readonly cause: PackedError | undefined;
}

export function packError(thrown: unknown): PackedError {
  const own = thrown instanceof StreamjobError ? thrown : undefined;
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return {
    code: own?.code,
    message: messageOf(thrown),
    where: own?.where,
    hint: own?.hint,
    stack: thrown instanceof Error ? thrown.stack : undefined,
    cause: cause === undefined ? undefined : packError(cause),
  };
}

export function unpackError({ code, message, where, hint, stack, cause }: PackedError): Error {
  const inner = cause === undefined ? undefined : unpackError(cause);
  const error =
    code === undefined
      ? new Error(message, inner === undefined ? undefined : { cause: inner })
      : new StreamjobError(code, message, {
          ...(where === undefined ? {} : { where }),
          ...(hint === undefined ? {} : { hint }),
          ...(inner === undefined ? {} : { cause: inner }),
        });
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** What to do when a worker cannot do what the main thread has done already. */
export const BUILD_HINT =
  "build runs once more in each worker thread: open ports, files and connections in an output (foreachRDD runs in the main thread only), or behind isMainThread of 'node:worker_threads'";

/** That `build` threw in a worker, after it had not in the main thread: an error of ours keeps its code. It may succeed when new workers take the place of lost ones. */
export function buildFailed(cause: unknown, member: number): StreamjobError {
  const own = cause instanceof StreamjobError ? cause : undefined;
  const hint = own?.hint === undefined ? BUILD_HINT : `${own.hint}; ${BUILD_HINT}`;
  return new StreamjobError(
    own?.code ?? 'USER_FUNCTION',
    `building the job in worker ${member} failed: ${messageOf(cause)}`,
    {
      where: own?.where ?? "engine 'threads'",
      hint,
      cause,
    },
  );
}
