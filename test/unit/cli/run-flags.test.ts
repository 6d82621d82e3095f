/** What is read without yargs is what yargs reads; all else is left to yargs. */
import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { JOB_OPTIONS } from '../../../src/api/options.ts';
import { parserOf } from '../../../src/cli/commands.ts';
import { flagName, plainFlags, type RunFlags } from '../../../src/cli/run-flags.ts';
import { defaultText, type Option } from '../../../src/core/options.ts';

/** Without what yargs adds of its own, and the second names it gives. */
async function byYargs(words: readonly string[]): Promise<Record<string, unknown>> {
  let read: RunFlags | undefined;
  await parserOf(['run', ...words], async (flags) => {
    read = flags;
  }).parseAsync();
  const own = Object.entries(read ?? {}).filter(([name, value]) => /^[a-z]+$/i.test(name) && value !== undefined);
  return Object.fromEntries(own);
}

test.each([
  [['job.ts']],
  [['job.ts', '--json', '--until-drained', '--stack-trace', '--ui']],
  [['--json', 'job.ts', '--batches', '3']],
  [['job.ts', '--batch-interval=10ms', '--engine', 'threads', '--reliability=best-effort', '--log-level', 'debug']],
  [['job.ts', '--parallelism', '08', '--name', '1e3', '--checkpoint-dir', '/a b/c=d']],
  [['job.ts', '--no-ui', '--no-json', '--backpressure', 'false', '--agent', './a.conf']],
  [['job.ts', '--backpressure', '{"minRate":1}']],
])('%j is read as yargs reads it', async (words) => {
  const flags = plainFlags(words);
  expect(flags).toBeDefined();
  expect(flags).toEqual(await byYargs(words));
});

test.each([
  [[]],
  [['--json']],
  [['a.ts', 'b.ts']],
  [['job.ts', '--frob']],
  [['job.ts', '--batches']],
  [['job.ts', '--batches', 'x']],
  [['job.ts', '--batches', '0']],
  [['job.ts', '--engine', 'foo', '--cut', 'sometimes']],
  [['job.ts', '--json', 'true']],
  [['job.ts', '--json=false']],
  [['job.ts', '--no-name', 'x']],
  [['job.ts', '--name', '--json']],
  [['job.ts', '--name', 'a', '--name', 'b']],
  [['job.ts', '--name', "'a'"]],
  [['job.ts', '--agent=']],
  [['job.ts', '--batchInterval', '1s']],
  [['job.ts', '--toString', 'x']],
  [['job.ts', '-h']],
  [['job.ts', '--', 'x']],
])('%j is left to yargs', (words) => {
  expect(plainFlags(words)).toBeUndefined();
});

const word = fc.oneof(
  fc.constantFrom(
    'job.ts',
    '--json',
    '--no-json',
    '--name',
    '--batches',
    '--batches=2',
    '--log-level',
    'info',
    '7',
    '-1',
    '',
  ),
  fc.constantFrom(
    '--cut',
    'eager',
    '--cut=eager',
    '--until-drained',
    'true',
    '--name=a=b',
    '--json=',
    "'q'",
    '--engine=inline',
  ),
);

property.prop([fc.array(word, { maxLength: 6 })])(
  'any words that are read are read as yargs reads them',
  async (words) => {
    const flags = plainFlags(words);
    if (flags !== undefined) expect(flags).toEqual(await byYargs(words));
  },
);

test('the help says of every option of a job what it does and what its default is', async () => {
  let text = '';
  await parserOf([], async () => {}).parseAsync(['run', '--help'], (_: unknown, __: unknown, output: string) => {
    text = output;
  });
  const help = text.replace(/\s+/g, ' ');
  for (const [name, option] of Object.entries<Option>(JOB_OPTIONS)) {
    const [, described = ''] = help.split(` --${flagName(name)} `);
    const byDefault = defaultText(option)?.replaceAll('`', '');
    const [own = ''] = described.split(' --');
    expect(own).toContain(option.doc);
    if (byDefault !== undefined) expect(own).toContain(`[default: ${byDefault}]`);
    else expect(own).not.toContain('[default');
  }
});
