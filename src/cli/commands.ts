/** The commands, and how yargs reads their words. */
import yargs, { type Argv } from 'yargs';
import { agentCommand } from './agent.ts';
import { type AgentWords, sortWords } from './agent-words.ts';
import { avroClientCommand } from './avro-client.ts';
import { checkCommand } from './check.ts';
import { checkpointCommand } from './checkpoint.ts';
import { completionCommand } from './completion.ts';
import { devCheckCommand, devCommand, sortInspect } from './dev.ts';
import { explainCommand } from './explain.ts';
import { initCommand } from './init.ts';
import { receiveCommand } from './receive.ts';
import { replayCommand } from './replay.ts';
import { addFlags, COMMON_FLAGS, type RunFlags, runCommand } from './run-flags.ts';
import { tapCommand } from './tap.ts';
import { toolCommand } from './tool.ts';
import { topCommand } from './top.ts';
import { UsageError } from './usage-error.ts';
import { packageVersion } from './version.ts';

/**
 * Runs the command that the words name.
 * @param args the words after the program's name
 * @param run what `run` does
 * @throws UsageError; what the command throws
 */
export async function runCommandOf(args: readonly string[], run: (flags: RunFlags) => Promise<void>): Promise<void> {
  await parserOf(args, run).parseAsync();
}

/** All of the command line. */
export function parserOf(args: readonly string[], run: (flags: RunFlags) => Promise<void>): Argv<object> {
  // What is for Java looks like flags and is not: -Dname=value.
  const { words: read, ...java } = ['agent', 'check', 'tool'].includes(args[0] ?? '')
    ? sortWords(args)
    : { words: args, system: {}, ofJava: [] };
  // What is for Node takes no word behind it.
  const { words, inspect } = read[0] === 'dev' ? sortInspect(read) : { words: read, inspect: [] };
  const parser = yargs([...words])
    .scriptName('streamjob')
    .usage('$0 <command>\n\nMicro-batch processing for TypeScript, fed by Apache Flume.');
  return addCommands(parser, { java, run, dev: devCommand(words.slice(1), inspect) })
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
}

/** All commands, and the flags that each of them has. */
function addCommands(parser: Argv, called: Called): Argv<object> {
  const { java, run, dev } = called;
  const all = parser
    .command(runCommand(run))
    .command(dev)
    .command(devCheckCommand)
    .command(agentCommand(java))
    .command(avroClientCommand)
    .command(checkCommand(java))
    .command(checkpointCommand)
    .command(replayCommand)
    .command(receiveCommand)
    .command(initCommand)
    .command(explainCommand)
    .command(completionCommand((noted) => addCommands(noted, called)))
    .command(toolCommand(java))
    .command(topCommand)
    .command(tapCommand);
  return addFlags(all, COMMON_FLAGS);
}

/** What commands take of a call beside what yargs reads. */
interface Called {
  readonly java: Pick<AgentWords, 'system' | 'ofJava'>;
  readonly run: (flags: RunFlags) => Promise<void>;
  readonly dev: ReturnType<typeof devCommand>;
}
