/**
 * What the flow asks of a run's durability, batch by batch. With a checkpoint directory `Checkpointed` answers, without one `Volatile`:
 * then nothing is remembered across runs, and every question has an easy answer.
 */
import type { EventBlock } from '../../avro/event-block.ts';
import type { BatchReport, Engine, Recovery } from '../../engine/engine.ts';
import type { Batch } from '../batch/batch.ts';
import type { BlockRef } from '../block/block-log.ts';
import type { Admitted, Blocks } from '../block/block-queue.ts';

/** A batch that an earlier run had cut and not committed. */
export interface Unfinished {
  readonly time: number;
  readonly id: string;
  readonly blocks: Blocks;
}

/** What the flow asks of a run's durability, batch by batch. */
export interface Durability {
  /** Time of the last run's last batch; undefined: there was none. */
  readonly lastTime: number | undefined;
  /** Bytes of received data in the log. */
  readonly logBytes: number;
  /** Writes a received block to the log; undefined: the level does not ask for it. */
  readonly logBlock: ((input: string, block: EventBlock, values: boolean) => Promise<BlockRef>) | undefined;
  /** What engines begin with, and what brings them back; undefined: it is nowhere. */
  readonly recovery: Recovery | undefined;
  /** What the last run had acknowledged and put into no batch. */
  waiting(): Admitted[];
  /** The batch that the last run had cut and not committed. */
  pending(): Unfinished | undefined;
  /** What a batch was cut from, read where it is on disk, without events that came before. @throws StreamjobError LOG_CORRUPT, FILE_ACCESS */
  load(blocks: Blocks): Promise<Blocks>;
  /**
   * Logs a batch that was cut, where its contents must be the same after a crash: at store-on-failure, and when events have ids.
   * @throws StreamjobError FILE_ACCESS
   */
  logCut(batch: Batch): Promise<void>;
  /** Whether a batch is in the log, so that it runs again with the same contents until it commits. */
  isLogged(time: number): boolean;
  /**
   * Makes durable what the batch changed.
   * @param report of its stages @param engine for buckets that are written whole
   * @throws StreamjobError FILE_ACCESS
   */
  commit(batch: Batch, report: BatchReport, engine: Pick<Engine, 'bucket'>): Promise<void>;
  /** The batch has committed, and its commit is on disk. */
  committed(batch: Batch): void;
  /**
   * The batch was given up. Where no peer was told of its events and no output was called with them, it never was; otherwise it
   * stays in the log, for the next run: an output may have seen it although it failed, or has not ended.
   * @throws StreamjobError FILE_ACCESS
   */
  givenUp(batch: Batch, outputsBegun: boolean): Promise<void>;
  close(): Promise<void>;
}
