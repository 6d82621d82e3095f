/** `streamjob checkpoint`: what a checkpoint directory holds, whether it is whole, and the states of an operator as JSON lines. */
import type { CommandModule } from 'yargs';
import { jsonOf } from '../core/plain-json.ts';
import type { BlocksSummary, CheckpointSummary } from '../flow/commit/inspection.ts';
import { writeOut } from './output-closed.ts';
import { UsageError } from './usage-error.ts';

interface CheckpointArguments {
  readonly directory: string;
  readonly check: boolean;
  readonly export: string | undefined;
  readonly json: boolean;
}

/** The command. */
export const checkpointCommand: CommandModule<object, CheckpointArguments> = {
  command: 'checkpoint <directory>',
  describe: 'show what a checkpoint directory holds; nothing in it is changed',
  builder: (yargs) =>
    yargs.positional('directory', { type: 'string', demandOption: true, describe: "a job's checkpointDir" }).options({
      check: {
        type: 'boolean',
        default: false,
        describe: 'check the received events, too; exit code 1 when damaged',
      },
      export: { type: 'string', describe: 'write the states of this operator to stdout, a JSON object a line' },
      json: { type: 'boolean', default: false, describe: 'what it holds as one JSON object' },
    }),
  handler: async ({ directory, check, export: operator, json }) => {
    if (json && operator !== undefined) throw new UsageError('--export writes JSON lines of its own: leave out --json');
    // Not before it is asked for: other commands do without.
    const { Inspection } = await import('../flow/commit/inspection.ts');
    const inspection = await Inspection.open(directory);
    if (check) inspection.check();
    if (operator !== undefined) {
      for (const [version, [key, state, updated]] of inspection.states(operator)) {
        await write(JSON.stringify({ key: jsonOf(key), state: jsonOf(state), updated, version }));
      }
      return;
    }
    const summary = inspection.summary();
    if (json) return write(JSON.stringify(jsonOf(summary)));
    for (const line of linesOf(summary)) await write(line);
    if (check) await write('checked     every record of the journal and every received event is whole');
  },
};

function write(line: string): Promise<void> {
  return writeOut(`${line}\n`);
}

function linesOf(summary: CheckpointSummary): string[] {
  const { batchIntervalMs, directory, ids, journal, lastBatch, pending, positions, states, waiting, windows } = summary;
  const torn = journal.torn === 0 ? '' : `, and ${journal.torn} that a crash left, which the next start cuts off`;
  const interval = batchIntervalMs === undefined ? '' : `, one every ${batchIntervalMs} ms`;
  return [
    `checkpoint  ${directory}`,
    `journal     ${counted(journal.segments, 'segment')}, ${counted(journal.bytes, 'byte')}${torn}`,
    `batches     ${lastBatch === undefined ? 'none' : `the last one ${timeOf(lastBatch)}${interval}`}`,
    ...states.map(({ operator, kind, versions, keys, bytes }) => {
      const version = versions.join() === '1' ? '' : `, version ${versions.join(' and ')}`;
      return `state       ${operator}: ${counted(keys, 'key')}, ${counted(bytes, 'byte')} (${kind}${version})`;
    }),
    ...windows.map(
      ({ owners, batches, from, to, bytes }) =>
        `window      ${owners.join(', ')}: ${counted(batches, 'batch', 'es')} from ${timeOf(from)} to ${timeOf(to)}, ${counted(bytes, 'byte')}`,
    ),
    ...ids.map(({ input, ids: count }) => `ids         ${input}: ${count}`),
    ...positions.map(({ input, position }) => `position    ${input}: ${JSON.stringify(jsonOf(position))}`),
    `waiting     ${blocksOf(waiting)}, acknowledged and in no batch`,
    `pending     ${pending === undefined ? 'no batch' : `batch ${timeOf(pending.time)}, ${blocksOf(pending)}: the next start runs it again`}`,
  ];
}

function blocksOf({ blocks, events, bytes }: BlocksSummary): string {
  return `${counted(events, 'event')} in ${counted(blocks, 'block')}, ${counted(bytes, 'byte')}`;
}

function counted(count: number, what: string, plural = 's'): string {
  return `${count} ${what}${count === 1 ? '' : plural}`;
}

/** A batch time, as logs have it and as people read it. */
function timeOf(time: number): string {
  return `${time} (${new Date(time).toISOString()})`;
}
