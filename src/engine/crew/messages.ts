/** What the crew says to its members and hears from them, and what members say to each other. All of it is plain data. */

import type { StoredPlace } from '../../avro/stored-events.ts';
import { type ErrorCode, messageOf, StreamjobError } from '../../core/errors.ts';
import type { ShippedAccumulators } from '../../graph/shared.ts';
import type { PackedChange } from '../../state/store.ts';
import type { JobElsewhere, StageReport } from '../engine.ts';
import type { Letter } from '../skip-policy.ts';
import type { TapReport, TapRequest } from '../taps.ts';

/** A piece of an input's partition: Avro bytes that all members see, where such bytes lie on disk, or values. */
export type PackedPiece =
  | { readonly count: number; readonly bytes: Uint8Array }
  | { readonly place: StoredPlace }
  | { readonly values: unknown };

/** What an input received for a batch, as one member gets it. */
export interface PackedInput {
  readonly input: number;
  /** Undefined: the input has no data at all. null: another member has the partition. */
  readonly partitions: readonly (readonly PackedPiece[] | null)[] | undefined;
}

/** What a member is started with. */
export interface MemberStart {
  /** How it builds the job again. */
  readonly job: JobElsewhere;
  readonly member: number;
  readonly members: number;
  readonly numPartitions: number;
}

/** To a member. Those with an `id` are answered. */
export type ToMember =
  | {
      readonly type: 'run';
      readonly run: number;
      readonly time: number;
      readonly inputs: readonly PackedInput[];
      /** Whether values that functions throw on are left out. */
      readonly skips: boolean;
      /** Whether changes of states, and slices, are wanted. */
      readonly durable: boolean;
      /** Whether somebody looks at how many values operators give. */
      readonly counts: boolean;
      /** Operators whose values somebody looks at. */
      readonly taps: readonly TapRequest[];
    }
  | { readonly type: 'abort'; readonly run: number }
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

/** From a member. */
export type FromMember =
  /** The job is built. @see describeGraph */
  | { readonly type: 'ready'; readonly graph: readonly string[] }
  | { readonly type: 'unready'; readonly error: PackedError }
  | { readonly type: 'ran'; readonly run: number; readonly report: RunReport }
  | { readonly type: 'failed'; readonly run: number; readonly error: PackedError; readonly aborted: boolean }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'refused'; readonly id: number; readonly error: PackedError };

/** What a member tells of a batch that has run. */
export interface RunReport {
  /** Nodes whose data is kept: who has which partition, and whether this member has values of it. */
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
  /** Of the stages that it ran; each has the tasks of this member only. */
  readonly stages: readonly StageReport[];
  readonly tapped: readonly TapReport[];
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

/**
 * That `build` threw in a member, after it had not here: an error of ours keeps its code. It may succeed when new members take the
 * place of lost ones.
 */
export function buildFailed(cause: unknown, member: number, { where, buildHint }: BuildPlace): StreamjobError {
  const own = cause instanceof StreamjobError ? cause : undefined;
  const hint = own?.hint === undefined ? buildHint : `${own.hint}; ${buildHint}`;
  return new StreamjobError(
    own?.code ?? 'USER_FUNCTION',
    `building the job in worker ${member} failed: ${messageOf(cause)}`,
    { where: own?.where ?? where, hint, cause },
  );
}

/** Where a member builds the job, and what to do when it cannot. */
export interface BuildPlace {
  readonly where: string;
  readonly buildHint: string;
}
