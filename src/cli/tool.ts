/** `streamjob tool`: what `flume-ng tool` has that is of use here. */
import path from 'node:path';
import type { CommandModule } from 'yargs';
import type { EventValidator, Integrity } from '../agent/channels/file/integrity/index.ts';
import type { Keys } from '../agent/channels/file/keys/keys.ts';
import { messageOf, StreamjobError } from '../core/errors.ts';
import type { PlainEvent } from '../core/event.ts';
import type { Logger } from '../core/log.ts';
import { fsSync } from '../core/machine.ts';
import type { AgentWords } from './agent-words.ts';
import { makeLogger } from './logger.ts';
import { UsageError } from './usage-error.ts';

interface IntegrityArguments {
  readonly dataDirs: string | readonly string[];
  readonly eventValidator: string | undefined;
  readonly key: readonly string[] | undefined;
  readonly repair: boolean;
  readonly json: boolean;
}

type Validate = (event: PlainEvent) => boolean;

/** The command. @param java what of the words is for Java: `-Dname=value` is for the validator */
export function toolCommand(java: Pick<AgentWords, 'system'>): CommandModule {
  return {
    command: 'tool',
    describe: 'tools for what an agent keeps on disk',
    builder: (yargs) => yargs.command(integrityCommand(java)).demandCommand(1, 'Give a tool: fcintegrity.').strict(),
    handler: () => {},
  };
}

function integrityCommand({ system }: Pick<AgentWords, 'system'>): CommandModule<object, IntegrityArguments> {
  return {
    command: 'fcintegrity',
    aliases: ['fcintegritytool', 'FCINTEGRITYTOOL'],
    describe: 'say what is damaged in the directories of file channels, and repair it',
    builder: (yargs) =>
      yargs
        .options({
          dataDirs: {
            alias: ['l', 'data-dirs'],
            type: 'string',
            demandOption: 'give the directories: -l DIR[,DIR]',
            describe: 'directories of channels that nobody has open, separated by commas',
          },
          eventValidator: {
            alias: ['e', 'event-validator'],
            type: 'string',
            describe: 'a module whose default export is (event, parameters) => boolean: which events are to stay',
          },
          repair: {
            type: 'boolean',
            default: false,
            describe:
              'remove what is damaged, and what the validator refuses; the file as it was and the events are kept aside',
          },
          key: {
            type: 'string',
            array: true,
            nargs: 1,
            describe: 'a key of encrypted events: NAME=FILE, or NAME=env:VARIABLE',
          },
          json: { type: 'boolean', default: false, describe: 'a JSON object a line for each directory' },
        })
        .epilogue(
          '-Dname=value is a parameter of the validator. Exit code 1: something is damaged or refused, repaired or not.',
        ),
    handler: async (given) => {
      const log = await makeLogger();
      const keys = await keysOf(given.key ?? [], log);
      const validate = await validatorOf(given.eventValidator, system, log);
      await checkAll(directoriesOf(given.dataDirs), given, keys, validate);
    },
  };
}

function directoriesOf(dataDirs: string | readonly string[]): string[] {
  const directories = [dataDirs].flat().flatMap((list) => list.split(','));
  const named = directories.map((directory) => directory.trim()).filter((directory) => directory !== '');
  if (named.length === 0) throw new UsageError('give the directories: -l DIR[,DIR]');
  return named.map((directory) => path.resolve(directory));
}

/** @throws StreamjobError CHANNEL_CORRUPT when something was damaged or refused, and of each directory what the tool throws */
async function checkAll(
  directories: readonly string[],
  { json, repair }: IntegrityArguments,
  keys: Keys,
  validate: Validate | undefined,
): Promise<void> {
  // Not before it is asked for: it brings the storage engine of the file channel.
  const { checkIntegrity, isClean } = await import('../agent/channels/file/integrity/index.ts');
  const wrong: Integrity[] = [];
  for (const directory of directories) {
    const found = await checkIntegrity(directory, { keys, repair, ...(validate === undefined ? {} : { validate }) });
    const lines = json ? [JSON.stringify(plain(found))] : linesOf(found);
    process.stdout.write(`${lines.join('\n')}\n`);
    if (!isClean(found.inspection)) wrong.push(found);
  }
  const left = wrong.filter(({ repaired }) => repaired === undefined);
  if (left.length > 0) throw notWhole(left, repair);
  if (wrong.length > 0) throw wasRepaired(wrong);
}

function notWhole(left: readonly Integrity[], repair: boolean): StreamjobError {
  const what = left.some(isDamaged) ? 'is not whole' : 'has events that the validator refuses';
  return new StreamjobError('CHANNEL_CORRUPT', `${namesOf(left)} ${what}`, {
    hint: repair
      ? 'no event can be read of it: restore the directory, or move it away to start with an empty channel'
      : '--repair removes what is damaged or refused, and keeps the file as it was beside',
  });
}

function wasRepaired(all: readonly Integrity[]): StreamjobError {
  return new StreamjobError('CHANNEL_CORRUPT', `${namesOf(all)} was repaired`, {
    hint: `what was removed is kept in the files above${all.some(isDamaged) ? '; check the disk' : ''}`,
  });
}

function namesOf(all: readonly Integrity[]): string {
  return all.map(({ inspection }) => inspection.directory).join(', ');
}

function isDamaged({ inspection: { damaged, pages } }: Integrity): boolean {
  return damaged.length + pages.length > 0;
}

function plain({ inspection, repaired }: Integrity): object {
  const { from: _, ...found } = inspection;
  return { ...found, repaired: repaired ?? null };
}

function linesOf({ inspection, repaired }: Integrity): string[] {
  const { damaged, directory, encrypted, events, isBefore, locked, lost, pages, refused, whole } = inspection;
  const names = Object.entries(encrypted).map(([name, count]) => `${count} with ${name}`);
  const unseen = locked === 0 ? '' : `; ${locked} were not decrypted (--key NAME=FILE)`;
  return [
    `directory   ${directory}`,
    `events      ${events} noted, ${whole} whole, ${damaged.length} damaged, ${lost} cannot be found`,
    ...(names.length === 0 ? [] : [`encrypted   ${names.join(', ')}${unseen}`]),
    ...damaged.map(({ event, what }) => `damaged     event ${event}: ${what}`),
    ...refused.map((event) => `refused     event ${event}, by the validator`),
    ...pages.map((page) => `unreadable  ${page}`),
    ...(isBefore ? ['older       the last commit cannot be read: this is how it was one commit before'] : []),
    ...(repaired === undefined ? [] : repairLines(repaired)),
  ];
}

function repairLines({ backup, kept, removed, removedFile }: NonNullable<Integrity['repaired']>): string[] {
  const where = removedFile === undefined ? '' : `, which are in ${removedFile}`;
  return [`repaired    ${kept} events kept, ${removed} removed${where}`, `backup      ${backup}`];
}

async function keysOf(given: readonly string[], log: Logger): Promise<Keys> {
  const { Keys } = await import('../agent/channels/file/keys/keys.ts');
  const { keyOfFile, keyOfVariable } = await import('../agent/channels/file/keys/load.ts');
  const keys = new Map<string, Buffer>();
  const owner = { owner: '--key', log };
  for (const word of given) {
    const [, name, place] = /^([^=\s]+)=(.+)$/.exec(word) ?? [];
    if (name === undefined || place === undefined)
      throw new UsageError(`--key ${word}: expected NAME=FILE or NAME=env:VARIABLE`);
    const variable = /^env:(.+)$/.exec(place)?.[1];
    keys.set(name, variable === undefined ? await keyOfFile(name, place, owner) : keyOfVariable(name, variable, owner));
  }
  return new Keys(keys, undefined);
}

/** @throws StreamjobError FILE_NOT_FOUND, CONFIG_INVALID */
async function validatorOf(
  given: string | undefined,
  parameters: Readonly<Record<string, string>>,
  log: Logger,
): Promise<Validate | undefined> {
  if (given === undefined) return undefined;
  const file = path.resolve(given);
  if (fsSync.statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new StreamjobError('FILE_NOT_FOUND', `there is no validator ${given}`, {
      where: file,
      hint: 'give the path of a module whose default export is (event, parameters) => boolean; classes of Java cannot be used',
    });
  }
  const exported = await exportOf(file, given, log);
  const validator = exported as EventValidator;
  return (event) => answerOf(validator, event, parameters, file);
}

async function exportOf(file: string, given: string, log: Logger): Promise<unknown> {
  const [{ loadFile }, { loadError }, { endBundler }] = await Promise.all([
    import('../load/load-file.ts'),
    import('../load/load-error.ts'),
    import('../load/bundle.ts'),
  ]);
  let exported: unknown;
  try {
    ({ exported } = await loadFile(file, log));
  } catch (error) {
    throw loadError('CONFIG_INVALID', error, given, file);
  } finally {
    await endBundler();
  }
  if (typeof exported === 'function') return exported;
  throw new StreamjobError('CONFIG_INVALID', `the validator ${given} has no function as its default export`, {
    where: file,
    hint: 'export default (event, parameters) => event.body.length > 0;',
  });
}

function answerOf(
  validator: EventValidator,
  event: PlainEvent,
  parameters: Readonly<Record<string, string>>,
  file: string,
): boolean {
  let answer: unknown;
  try {
    answer = validator(event, parameters);
  } catch (cause) {
    throw new StreamjobError('USER_FUNCTION', `the validator threw: ${messageOf(cause)}`, { where: file, cause });
  }
  if (typeof answer === 'boolean') return answer;
  throw new StreamjobError(
    'USER_FUNCTION',
    `the validator gave ${answer === null ? 'null' : typeof answer}, expected true or false`,
    {
      where: file,
      hint: 'it must be a function without async that returns a boolean',
    },
  );
}
