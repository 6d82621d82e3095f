/** The command line: which commands there are, and how errors become messages and exit codes. */
import yargs from 'yargs';
import { describeError, messageOf, StreamjobError, stackOf } from '../core/errors.ts';
import { agentCommand } from './agent.ts';
import { avroClientCommand } from './avro-client.ts';
import { checkpointCommand } from './checkpoint.ts';
import { OutputClosed } from './output-closed.ts';
import { runCommand } from './run.ts';
import { CLOSED_STDOUT_EXIT } from './stop-requests.ts';
import { UsageError } from './usage-error.ts';
import { packageVersion } from './version.ts';

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
  const parser = yargs([...args])
    .scriptName('streamjob')
    .usage('$0 <command>\n\nMicro-batch processing for TypeScript, fed by Apache Flume.')
    .command(runCommand)
    .command(agentCommand)
    .command(avroClientCommand)
    .command(checkpointCommand)
    .option('stack-trace', { type: 'boolean', default: false, global: true, describe: 'show stack traces of errors' })
    .option('log-level', {
      choices: ['debug', 'info', 'warn', 'error', 'silent'] as const,
      default: process.env['STREAMJOB_LOG_LEVEL'] ?? 'info',
      global: true,
      describe: 'the least important lines to log',
    })
    .demandCommand(1, 'Give a command.')
    .strict()
    .recommendCommands()
    .version(packageVersion())
    .help()
    .wrap(100)
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new UsageError(message);
    });
  try {
    await parser.parseAsync();
    return EXIT.done;
  } catch (error) {
    return report(error, args);
  }
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
  process.stderr.write(`${describeError(error)}\n${withStack ? `${stack}\n` : ''}`);
  return error instanceof StreamjobError && error.code === 'BATCH_FAILED' ? EXIT.batchFailed : EXIT.wrong;
}
