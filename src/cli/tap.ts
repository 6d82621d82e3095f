/** `streamjob tap`: the last values that an operator of a job gave, while the job runs; without an operator, which ones there are. */
import type { CommandModule } from 'yargs';
import { StreamjobError } from '../core/errors.ts';
import type { ObservedOperator } from '../observe/observed.ts';
import { nameOf } from '../observe/operators.ts';
import type { Tapped } from '../observe/taps.ts';
import { harmless } from './harmless.ts';
import { JobAt, STANDARD_URL } from './job-at.ts';
import { OutputClosed, writeOut } from './output-closed.ts';
import { UsageError } from './usage-error.ts';

interface TapArguments {
  readonly url: string;
  readonly operator?: string | undefined;
  readonly values: number;
  readonly batches?: number | undefined;
  readonly json: boolean;
}

const MOST_VALUES = 200;

/** The command. */
export const tapCommand: CommandModule<object, TapArguments> = {
  command: 'tap <url> [operator]',
  describe: 'show some of the values that an operator of a running job gives; without one, list the operators',
  builder: (yargs) =>
    yargs
      .positional('url', { type: 'string', demandOption: true, describe: "the job's page (--ui-port)" })
      .positional('operator', { type: 'string', describe: 'its number, or its name where no other has it' })
      .option('values', { type: 'number', default: 20, describe: 'how many are shown of a second, at most' })
      .option('batches', { type: 'number', describe: 'end after so many batches in which the operator gave something' })
      .option('json', { type: 'boolean', default: false, describe: 'one JSON object per batch' })
      .example('$0 tap http://127.0.0.1:4040 reduceByKey', `as the standard ${STANDARD_URL} has it`),
  handler: async ({ batches, json, operator, url, values }) => {
    const isCount = (value: number, least: number, most: number): boolean =>
      Number.isInteger(value) && value >= least && value <= most;
    if (!isCount(values, 0, MOST_VALUES))
      throw new UsageError(`--values must be a whole number from 0 to ${MOST_VALUES}`);
    if (batches !== undefined && !isCount(batches, 1, Number.MAX_SAFE_INTEGER)) {
      throw new UsageError('--batches must be a whole number greater than 0');
    }
    const job = new JobAt(url);
    if (operator === undefined) return list(job);
    await follow(job, `tap/${encodeURIComponent(operator)}?values=${values}`, { batches, json });
  },
};

async function list(job: JobAt): Promise<void> {
  const { operators } = (await job.ask('graph', isGraph)) as { readonly operators: readonly ObservedOperator[] };
  const names = operators.map((operator) => harmless(nameOf({ ...operator, site: operator.site ?? undefined })));
  process.stdout.write(`${names.join('\n')}\n`);
}

function isGraph(value: object): boolean {
  return 'operators' in value && Array.isArray(value.operators);
}

function isTapped(value: unknown): value is Tapped {
  const { count, time, values } = Object(value) as Partial<Tapped>;
  return typeof count === 'number' && Number.isFinite(new Date(Number(time)).getTime()) && Array.isArray(values);
}

/** Shows it until there is enough, Ctrl+C comes, or nobody reads it any more. */
async function follow(
  job: JobAt,
  part: string,
  { batches = Number.POSITIVE_INFINITY, json }: { readonly batches: number | undefined; readonly json: boolean },
): Promise<void> {
  const ended = new AbortController();
  const onSignal = (): void => ended.abort();
  // Found out by writing: a reader that goes away ends the tap, so that the operator is left alone.
  let closed: OutputClosed | undefined;
  const onClosed = (): void => {
    closed = new OutputClosed('stdout is closed');
    ended.abort();
  };
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  process.stdout.once('error', onClosed);
  let left = batches;
  let isOver = false;
  try {
    for await (const { data, name } of job.events(part, ended.signal)) {
      if (name !== 'tap' || !isTapped(data)) continue;
      if (json) await writeOut(`${JSON.stringify(data)}\n`, ended.signal);
      else if (data.count > 0) await writeOut(textOf(data), ended.signal);
      if (data.count > 0 && --left <= 0) {
        isOver = true;
        break;
      }
    }
  } catch (error) {
    if (!ended.signal.aborted) throw error;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    process.stdout.off('error', onClosed);
    const was = ended.signal.aborted;
    ended.abort();
    isOver ||= was;
  }
  if (closed !== undefined) throw closed;
  if (!isOver)
    throw new StreamjobError('CONNECT_FAILED', 'the job has ended', { hint: 'what it gave until then is above' });
}

function textOf({ count, time, values }: Tapped): string {
  const lines = values.map((value) => `  ${harmless(JSON.stringify(value))}\n`);
  const shown = values.length > 0 && values.length < count ? `, ${values.length} of them` : '';
  return `${new Date(time).toISOString()}  ${count} ${count === 1 ? 'value' : 'values'}${shown}\n${lines.join('')}`;
}
