/**
 * The comments that editors show of options: those above the fields of the interfaces that users see, made of the tables that check them.
 * An interface and not a type made of the table is what users see, because tsc then names it in its messages, and editors show its comments.
 */
import { fileURLToPath } from 'node:url';
import { RPC_CLIENT_OPTIONS } from '../../src/agent/rpc-client/options.ts';
import { AGENT_OPTIONS } from '../../src/agent/runtime/agent-options.ts';
import { CONTEXT_OPTIONS, JOB_MODULE_OPTIONS, JOB_OPTIONS, STOP_OPTIONS } from '../../src/api/options.ts';
import { KIT_MODULE_OPTIONS } from '../../src/api/testing/kit-graph.ts';
import { RUN_BATCHES_OPTIONS } from '../../src/api/testing/run-batches.ts';
import { SIMULATE_OPTIONS, SIMULATE_SEEDS_OPTIONS, SIMULATION_OPTIONS } from '../../src/api/testing/simulate-table.ts';
import { TEST_JOB_OPTIONS } from '../../src/api/testing/test-job.ts';
import { defaultText, type Option, type Table } from '../../src/core/options.ts';
import { BACKPRESSURE_OPTIONS } from '../../src/flow/batch/rate-control.ts';
import { FILE_STREAM_OPTIONS } from '../../src/flow/receive/files.ts';
import { PULL_OPTIONS } from '../../src/flow/receive/flume-pull.ts';
import { DEDUPE_OPTIONS } from '../../src/flow/receive/input.ts';
import { EVENT_LIMIT_OPTIONS } from '../../src/flow/receive/limits.ts';
import { FROM_OBSERVABLE_OPTIONS } from '../../src/flow/receive/observable.ts';
import { PUSH_OPTIONS } from '../../src/flow/receive/push-options.ts';
import { EVENT_TIME_OPTIONS } from '../../src/graph/dstream.ts';
import { MAP_ASYNC_OPTIONS } from '../../src/graph/operators/map-async.ts';
import { UPDATE_STATE_OPTIONS } from '../../src/graph/operators/update-state-by-key.ts';
import { SQL_OPTIONS } from '../../src/graph/outputs/exactly-once.ts';

/** Where an interface is, and the table of its options. */
export interface Commented {
  readonly name: string;
  readonly file: string;
  readonly table: Table;
}

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));
const of = (name: string, file: string, table: Table): Commented => ({ name, file: `${SRC}${file}`, table });

/** All interfaces whose comments are made. */
export const COMMENTED: readonly Commented[] = [
  of('JobOptions', 'api/job-options.ts', JOB_OPTIONS),
  of('StreamingContextOptions', 'api/context-options.ts', CONTEXT_OPTIONS),
  of('StopOptions', 'api/context-options.ts', STOP_OPTIONS),
  of('JobModule', 'engine/engine.ts', JOB_MODULE_OPTIONS),
  of('BackpressureOptions', 'flow/batch/rate-control.ts', BACKPRESSURE_OPTIONS),
  of('EventLimitOptions', 'flow/receive/limits.ts', EVENT_LIMIT_OPTIONS),
  of('DedupeOptions', 'flow/receive/input.ts', DEDUPE_OPTIONS),
  of('FlumePushOptions', 'flow/receive/push-options.ts', PUSH_OPTIONS),
  of('FlumePullOptions', 'flow/receive/flume-pull.ts', PULL_OPTIONS),
  of('FileStreamOptions', 'flow/receive/files.ts', FILE_STREAM_OPTIONS),
  of('FromObservableOptions', 'flow/receive/observable.ts', FROM_OBSERVABLE_OPTIONS),
  of('EventTimeOptions', 'graph/dstream.ts', EVENT_TIME_OPTIONS),
  of('UpdateStateOptions', 'graph/operators/update-state-by-key.ts', UPDATE_STATE_OPTIONS),
  of('MapAsyncOptions', 'graph/operators/map-async.ts', MAP_ASYNC_OPTIONS),
  of('SqlOptions', 'graph/outputs/exactly-once.ts', SQL_OPTIONS),
  of('AgentOptions', 'agent/runtime/agent-options.ts', AGENT_OPTIONS),
  of('RpcClientOptions', 'agent/rpc-client/options.ts', RPC_CLIENT_OPTIONS),
  of('TestJobOptions', 'api/testing/test-job.ts', TEST_JOB_OPTIONS),
  of('RunBatchesOptions', 'api/testing/run-batches.ts', RUN_BATCHES_OPTIONS),
  of('SimulationOptions', 'api/testing/simulate-options.ts', SIMULATION_OPTIONS),
  of('SimulateOptions', 'api/testing/simulate-options.ts', SIMULATE_OPTIONS),
  of('SimulateSeedsOptions', 'api/testing/simulate-options.ts', SIMULATE_SEEDS_OPTIONS),
  of('KitModule', 'api/testing/kit-graph.ts', KIT_MODULE_OPTIONS),
];

const WIDTH = 120;
const FIELD = /^(?: {2}\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?( {2}readonly (\w+)\??:)/gm;

/**
 * The text of a file with the comments of an interface as its table has them.
 * @throws Error when the interface is not there, or has a field that the table has not
 */
export function withComments(text: string, { name, table }: Pick<Commented, 'name' | 'table'>): string {
  const [, head = '', body = ''] =
    new RegExp(`(export interface ${name}\\b[^{]*\\{\\n)([\\s\\S]*?)^\\}`, 'm').exec(text) ?? [];
  if (head === '') throw new Error(`there is no interface ${name}`);
  const commented = body.replace(FIELD, (_, field: string, option: string) => {
    const declared = table[option];
    if (declared === undefined) throw new Error(`${name}.${option} is not in its table`);
    return `${commentOf(declared)}${field}`;
  });
  return text.replace(head + body, () => head + commented);
}

function commentOf(option: Option): string {
  const words = sentencesOf(option).join(' ');
  const line = `  /** ${words} */\n`;
  return line.length <= WIDTH + 1 ? line : `  /**\n${wrapped(words).join('')}   */\n`;
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`   * ${word}`);
  }
  return lines.map((line) => `${line}\n`);
}

function sentencesOf(option: Option): string[] {
  const { doc = '', more } = option;
  const unit = unitOf(option);
  const byDefault = option.required === true ? undefined : literalOf(option);
  return [
    `${doc.charAt(0).toUpperCase()}${doc.slice(1)}.`,
    ...(more === undefined ? [] : [more]),
    ...(unit === undefined ? [] : [unit]),
    ...(byDefault === undefined ? [] : [`Default: ${byDefault}.`]),
  ];
}

/** A word that is the default stands as in TypeScript. */
function literalOf(option: Option): string | undefined {
  const isWord = typeof option.default === 'string' && option.show === undefined;
  return isWord ? `'${option.default}'` : defaultText(option);
}

function unitOf({ kind, unit }: Option): string | undefined {
  if (kind === 'duration') return "In ms, or a text such as '250ms', '1s', '5m'.";
  if (kind === 'size') return "In bytes, or a text such as '64MiB'.";
  return kind === 'number' && unit !== undefined ? `In ${unit}.` : undefined;
}
