/** The command line: which commands there are, and how errors become messages and exit codes. */

import { describeError, messageOf, StreamjobError, stackOf } from '../core/errors.ts';
import { bundleAhead } from '../load/bundle.ts';
import { OutputClosed } from './output-closed.ts';
import type { RunFlags } from './run-flags.ts';
import { CLOSED_STDOUT_EXIT } from './stop-requests.ts';
import { UsageError } from './usage-error.ts';

/** 0 done, 1 the job or a file is wrong, 2 usage, 3 a batch failed and the policy was to stop. */
export const EXIT = { done: 0, wrong: 1, usage: 2, batchFailed: 3 } as const;

/**
 * Runs one command.
 * @param args the words after the program's name
 * @returns the exit code
 */
export async function main(args: readonly string[]): Promise<number> {
  // Commands that run for long stop in order (stop-requests.ts); for the others it is the end. Without a listener Node would throw.
  process.stdout.on('error', () => {
    process.exitCode = CLOSED_STDOUT_EXIT;
  });
  // Our code is loaded after this: its places in stack traces are then those of the sources.
  if (args.includes('--stack-trace')) process.setSourceMapsEnabled(true);
  try {
    await dispatch(args);
    return EXIT.done;
  } catch (error) {
    return report(error, args);
  }
}

/** What is not needed for a plain call of `run` is not loaded for it: half of the time that a start takes is loading code. */
async function dispatch(args: readonly string[]): Promise<void> {
  const [command, job] = args;
  // The bundler is a process of its own: it works while our code is loaded.
  if (command === 'run' && job !== undefined && !job.startsWith('-')) bundleAhead(job);
  const { plainFlags } = await import('./run-flags.ts');
  const flags = command === 'run' ? plainFlags(args.slice(1)) : undefined;
  const run = async (given: RunFlags): Promise<void> => (await import('./run.ts')).run(given);
  if (flags !== undefined) return await run(flags);
  await (await import('./commands.ts')).runCommandOf(args, run);
}

function report(error: unknown, args: readonly string[]): number {
  if (error instanceof OutputClosed) return CLOSED_STDOUT_EXIT;
  if (error instanceof UsageError) {
    process.stderr.write(
      `${error.message}\nRun 'streamjob --help' to see the commands, or 'streamjob <command> --help'.\n`,
    );
    return EXIT.usage;
  }
  const withStack = args.includes('--stack-trace') || !(error instanceof StreamjobError);
  const stack = error instanceof Error ? stackOf(error) : messageOf(error);
  process.stderr.write(`${describeError(error)}\n${withStack ? `${stack}\n` : ''}${moreOf(error, args)}`);
  return error instanceof StreamjobError && error.code === 'BATCH_FAILED' ? EXIT.batchFailed : EXIT.wrong;
}

/** Where the error that ended the command is explained. Not with `--json`: a program reads what is written then, and knows the code. */
function moreOf(error: unknown, args: readonly string[]): string {
  if (!(error instanceof StreamjobError) || args.includes('--json') || args[0] === 'explain') return '';
  return `  more:  streamjob explain ${error.code}\n`;
}
