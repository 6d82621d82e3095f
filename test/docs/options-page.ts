/** The page of all options, made of the tables that check them. */
import { RPC_CLIENT_OPTIONS } from '../../src/agent/rpc-client/options.ts';
import { AGENT_OPTIONS } from '../../src/agent/runtime/agent-options.ts';
import { CONTEXT_OPTIONS, JOB_OPTIONS, STOP_OPTIONS } from '../../src/api/options.ts';
import { environmentName } from '../../src/api/resolve-options.ts';
import { SHARED_OPTIONS } from '../../src/api/shared-options.ts';
import { RUN_BATCHES_OPTIONS } from '../../src/api/testing/run-batches.ts';
import { SEEDS_OPTIONS, SIMULATE_OPTIONS } from '../../src/api/testing/simulate-table.ts';
import { TEST_JOB_OPTIONS } from '../../src/api/testing/test-job.ts';
import { flagName } from '../../src/cli/run-flags.ts';
import { defaultText, type Option, type Table } from '../../src/core/options.ts';
import { FILE_STREAM_OPTIONS } from '../../src/flow/receive/files.ts';
import { PULL_OPTIONS } from '../../src/flow/receive/flume-pull.ts';
import { FROM_OBSERVABLE_OPTIONS } from '../../src/flow/receive/observable.ts';
import { PUSH_OPTIONS } from '../../src/flow/receive/push-options.ts';
import { EVENT_TIME_OPTIONS } from '../../src/graph/dstream.ts';
import { MAP_ASYNC_OPTIONS } from '../../src/graph/operators/map-async.ts';
import { UPDATE_STATE_OPTIONS } from '../../src/graph/operators/update-state-by-key.ts';
import { SQL_OPTIONS } from '../../src/graph/outputs/exactly-once.ts';

/** What takes options. */
export interface Taker {
  readonly title: string;
  readonly about: string;
  readonly table: Table;
}

const ofWorkers = Object.entries<Option>(CONTEXT_OPTIONS)
  .filter(([, { forWorkers }]) => forWorkers === true)
  .map(([name]) => `\`${name}\``)
  .join(', ');

/** Those of a context that a job does not have, or of which it says something else. */
const ofContext = Object.fromEntries(
  Object.entries<Option>(CONTEXT_OPTIONS).filter(([name]) => !Object.hasOwn(SHARED_OPTIONS, name)),
);

/** All that take options, in the order of the page. */
export const TAKERS: readonly Taker[] = [
  {
    title: 'A job',
    about: `Each is a field of \`defineJob\`, a flag of \`streamjob run\` (\`--${flagName('batchInterval')}\`) and a variable of the environment (\`${environmentName('batchInterval')}\`): a flag goes before a variable, a variable before the job file.`,
    table: JOB_OPTIONS,
  },
  {
    title: 'StreamingContext',
    about: `Those of a job except \`agent\`, and these. Worker threads are told ${ofWorkers}.`,
    table: ofContext,
  },
  { title: 'stop', about: 'How a context is stopped.', table: STOP_OPTIONS },
  { title: 'flumeStream', about: 'Of the receiver that Flume sinks and RPC clients send to.', table: PUSH_OPTIONS },
  { title: 'flumePollingStream', about: 'Of the receiver that asks Spark sinks.', table: PULL_OPTIONS },
  { title: 'textFileStream and binaryRecordsStream', about: 'Of files in a directory.', table: FILE_STREAM_OPTIONS },
  { title: 'fromObservable', about: 'Of an Observable or an async iterable.', table: FROM_OBSERVABLE_OPTIONS },
  { title: 'window with event time', about: 'The third parameter of `window`.', table: EVENT_TIME_OPTIONS },
  { title: 'updateStateByKey', about: 'The second parameter.', table: UPDATE_STATE_OPTIONS },
  { title: 'mapAsync', about: 'The second parameter.', table: MAP_ASYNC_OPTIONS },
  { title: 'sqlStore', about: 'Of outputs with effects in an SQL database, exactly once.', table: SQL_OPTIONS },
  { title: 'Agent', about: 'Of `Agent.fromFile` and `Agent.fromText` (`streamjob/agent`).', table: AGENT_OPTIONS },
  { title: 'RpcClient', about: 'Of `RpcClient.connect` (`streamjob/agent`).', table: RPC_CLIENT_OPTIONS },
  { title: 'testJob', about: 'Of the test kit (`streamjob/testing`).', table: TEST_JOB_OPTIONS },
  { title: 'runBatches', about: 'Of the test kit (`streamjob/testing`).', table: RUN_BATCHES_OPTIONS },
  { title: 'simulate', about: 'Of the test kit (`streamjob/testing`).', table: SIMULATE_OPTIONS },
  { title: 'simulateSeeds', about: 'Those of `simulate` except `seed`, and these.', table: SEEDS_OPTIONS },
];

const HEAD = `# Options

Made of the tables that check the options (\`npm run docs:options\`). An option that there is not is refused with the nearest name, and so is a value that does not fit.

A duration is whole milliseconds as a number, or a text: \`250ms\`, \`1.5s\`, \`5m\`, \`1h\`. A size is bytes as a number, or a text: \`64MiB\`, \`1GB\`.
`;

/** The whole page. */
export function optionsPage(): string {
  return [HEAD, ...TAKERS.map(sectionOf)].join('\n');
}

function sectionOf({ title, about, table }: Taker): string {
  const rows = rowsOf(table, '').map((cells) => `| ${cells.map(cell).join(' | ')} |`);
  return `## ${title}\n\n${about}\n\n| Option | Takes | Default | |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}

/** A row for each option; the options of an option follow it. */
function rowsOf(table: Table, path: string): (readonly string[])[] {
  return Object.entries(table).flatMap(([name, option]) => [
    [`\`${path}${name}\``, takesOf(option), defaultOf(option), sentencesOf(option)],
    ...(option.table === undefined ? [] : rowsOf(option.table, `${path}${name}.`)),
  ]);
}

function takesOf({ kind, choices, unit }: Option): string {
  if (choices !== undefined) return choices.map((choice) => `\`${choice}\``).join(', ');
  if (unit === undefined) return kind;
  return kind === 'whole number' ? `number of ${unit}` : unit;
}

function defaultOf(option: Option): string {
  if (option.required === true) return 'required';
  const text = defaultText(option) ?? '';
  return typeof option.default === 'string' && option.show === undefined ? `\`${text}\`` : text;
}

/** A page that the sentences name is a link here. */
function sentencesOf({ doc = '', more }: Option): string {
  const sentence = `${doc.charAt(0).toUpperCase()}${doc.slice(1)}.`;
  return [sentence, more ?? '']
    .join(' ')
    .trim()
    .replaceAll(/\bdocs\/(\w+)\.md\b/g, '[$1]($1.md)');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
