/** Decides whether a run needs a checkpoint directory, and opens it. */

import path from 'node:path';
import { StreamjobError, systemCodeOf } from '../../core/errors.ts';
import { type Files, fileError, nodeFiles } from '../../core/files.ts';
import type { Logger } from '../../core/log.ts';
import type { Reliability } from '../../core/reliability.ts';
import type { TakesInput } from '../../core/shared-memory.ts';
import type { Telemetry } from '../../core/telemetry.ts';
import type { Graph } from '../../graph/graph.ts';
import type { Node } from '../../graph/node.ts';
import type { StateForm } from '../../graph/state/form.ts';
import { Windows } from '../../graph/windows.ts';
import type { Input } from '../receive/input.ts';
import { Checkpoint } from './checkpoint.ts';
import { Checkpointed } from './checkpointed.ts';
import type { Durability } from './durability.ts';
import { Volatile } from './volatile.ts';

/** What is known of a job before its start. */
export interface OpenOptions {
  readonly graph: Graph;
  /** Names of what remembers, across restarts. */
  readonly names: ReadonlyMap<Node<unknown>, string>;
  readonly inputs: readonly Input[];
  readonly level: Reliability;
  /** Where what is read from the log is best put for the engine. */
  readonly takesInput: TakesInput;
  /** A directory; false: none is wanted; undefined: `standard`, if one is needed. */
  readonly checkpointDir: string | false | undefined;
  /** The directory of a job that does not name one, if jobs have one here. */
  readonly standard: string | undefined;
  /** Whether windows may be taken over with an interval from which there is no way back. */
  readonly allowIntervalChange: boolean;
  /** How much received data may lie on disk, in bytes. */
  readonly maxLogBytes: number;
  readonly log: Logger;
  readonly telemetry?: Telemetry | undefined;
  /** The file system. Default: this machine's. */
  readonly files?: Files | undefined;
}

/** What a run is to be durable with. */
export interface Opened {
  readonly durability: Durability;
  readonly inputNames: ReadonlyMap<number, string>;
}

/** @throws StreamjobError CONFIG_INVALID, CHECKPOINT_LOCKED, CHECKPOINT_INCOMPATIBLE, LOG_CORRUPT, FILE_ACCESS */
export async function openDurability(options: OpenOptions): Promise<Opened> {
  const { graph, names, inputs, level, takesInput, log } = options;
  const inputNames = new Map<number, string>();
  const forms = new Map<string, StateForm>();
  for (const [node, name] of names) {
    if (node.input !== undefined) inputNames.set(node.input, name);
    if (node.state !== undefined) forms.set(name, node.state.form);
  }
  const directory = directoryOf(options) ?? (await leftBehind(options));
  if (directory === undefined) {
    warnOfLosses(graph, log);
    return { inputNames, durability: new Volatile(takesInput) };
  }
  const checkpoint = await Checkpoint.open({
    directory,
    files: options.files ?? nodeFiles,
    log,
    batchMs: graph.batchMs,
    forms,
    maxLogBytes: options.maxLogBytes,
    telemetry: options.telemetry,
  });
  try {
    tell(checkpoint, directory, log);
    requireSameGrid(graph, checkpoint, options.allowIntervalChange, log);
    const windows = new Windows(graph, names);
    const durability = new Checkpointed({ checkpoint, windows, level, inputs, inputNames, takesInput, log });
    return { inputNames, durability };
  } catch (error) {
    await checkpoint.close();
    throw error;
  }
}

/** Whether something of the job outlives a batch. */
function remembers(graph: Graph): boolean {
  return graph.nodes.some(({ state, windowMs }) => state !== undefined || windowMs > 0);
}

/** The directory that an earlier version of the job, which did remember something, has left: what was acknowledged then is in there. */
async function leftBehind({ checkpointDir, files = nodeFiles, standard }: OpenOptions): Promise<string | undefined> {
  if (checkpointDir !== undefined || standard === undefined) return undefined;
  try {
    const names = await files.list(standard);
    return names.some((name) => name.startsWith('journal-')) ? path.resolve(standard) : undefined;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '')) return undefined;
    throw fileError(error, 'cannot look into the checkpoint directory', standard);
  }
}

function directoryOf({ checkpointDir, graph, level, inputs, standard }: OpenOptions): string | undefined {
  const why =
    level === 'store-on-failure'
      ? `reliability: '${level}'`
      : inputs.some(({ dedupe }) => dedupe !== undefined)
        ? 'dedupe'
        : undefined;
  if (checkpointDir === false && why === undefined) return undefined;
  const directory =
    checkpointDir === false
      ? undefined
      : (checkpointDir ?? (why !== undefined || remembers(graph) ? standard : undefined));
  if (directory !== undefined) return path.resolve(directory);
  if (why === undefined) return undefined;
  throw new StreamjobError('CONFIG_INVALID', `${why} needs a directory for what was received`, {
    where: 'checkpointDir',
    hint: "give one: checkpointDir: '/var/lib/streamjob/NAME'",
  });
}

function tell(checkpoint: Checkpoint, directory: string, log: Logger): void {
  const { recovered } = checkpoint;
  if (recovered.lastTime === undefined) {
    log.info({ directory }, `what must outlive a crash is kept in ${directory}`);
    return;
  }
  const detail = {
    directory,
    lastBatch: recovered.lastTime,
    slices: recovered.slices.size,
    waitingBlocks: recovered.waiting.size,
  };
  log.info(detail, `the run goes on from ${directory}: last batch ${recovered.lastTime}`);
  const { removed } = recovered;
  if (removed.length === 0) return;
  log.warn(
    { operators: removed },
    `the checkpoint has state of operators that the job does not have: ${removed.join(', ')}. It is kept; an operator that was renamed or moved finds it with uid('NAME')`,
  );
}

/**
 * Remembered slices lie at multiples of the interval that there was: with another one, windows would pass over them; and with a divisor
 * of it new slices lie where the old interval would pass over.
 */
function requireSameGrid(graph: Graph, { recovered }: Checkpoint, allowChange: boolean, log: Logger): void {
  const before = recovered.batchMs;
  const now = graph.batchMs;
  if (before === undefined || recovered.slices.size === 0 || before === now) return;
  const fits = before % now === 0;
  if (fits && allowChange) {
    log.warn(
      { before, now },
      `the batch interval was ${before} ms and is ${now} ms: from now on it can be ${now} ms or a divisor of it`,
    );
    return;
  }
  throw new StreamjobError(
    'CHECKPOINT_INCOMPATIBLE',
    fits
      ? `the batch interval was ${before} ms and is ${now} ms: with what windows remember there would be no way back to ${before} ms`
      : `the batch interval was ${before} ms and is ${now} ms: what windows remember lies between its batches`,
    {
      where: 'batchInterval',
      hint: fits
        ? `use ${before} ms; or, if ${now} ms is meant for good, allowIntervalChange: true (--allow-interval-change). To go back to ${before} ms later, the windows would have to be thrown away, with another checkpointDir`
        : `use ${before} ms (or a divisor of it, with allowIntervalChange); or another checkpointDir, and windows start empty`,
    },
  );
}

function warnOfLosses(graph: Graph, log: Logger): void {
  if (graph.nodes.some((node) => node.state !== undefined && node.windowMs === 0)) {
    log.warn(
      {},
      'without a checkpoint directory state is in memory only: after a crash it starts empty, without the events that were acknowledged',
    );
  }
  const longest = Math.max(0, ...graph.nodes.map((node) => node.windowMs));
  if (longest === 0) return;
  log.warn(
    { longestWindowMs: longest },
    `without a checkpoint directory windows are in memory only: after a crash they start empty, and up to the last ${longest} ms of acknowledged events are missing from them`,
  );
}
