/** `streamjob explain CODE`: what an error code means, why the error comes, and what to do about it. */
import { fileURLToPath } from 'node:url';
import type { CommandModule } from 'yargs';
import { ERROR_PAGES } from '../core/error-pages.ts';
import { ERROR_CODES, type ErrorCode, StreamjobError } from '../core/errors.ts';
import { OWN_CODE } from '../core/module-url.ts';
import { nearestOf } from '../core/registry.ts';

interface ExplainArguments {
  readonly code: string | undefined;
}

/** How many codes are named to somebody who gave one that there is not. */
const NAMED = 3;

/** The command. */
export const explainCommand: CommandModule<object, ExplainArguments> = {
  command: 'explain [code]',
  describe: 'say what an error code means and what to do; without a code: all of them',
  builder: (yargs) =>
    yargs.positional('code', { type: 'string', describe: 'as an error begins with it, e.g. PORT_IN_USE' }),
  handler: ({ code }) => {
    const lines = code === undefined ? listOfAll() : explain(code);
    process.stdout.write(`${lines.join('\n')}\n`);
  },
};

function listOfAll(): string[] {
  const codes = Object.entries(ERROR_CODES);
  const width = Math.max(...codes.map(([code]) => code.length));
  return codes.map(([code, meaning]) => `${code.padEnd(width)}  ${meaning}`);
}

/** @param given in any case @throws StreamjobError CONFIG_UNKNOWN with the nearest codes */
function explain(given: string): string[] {
  const code = given.trim().replace(/:$/, '').replaceAll('-', '_').toUpperCase();
  if (!isCode(code)) {
    const near = nearestOf(code, Object.keys(ERROR_CODES), NAMED).join(', ');
    throw new StreamjobError('CONFIG_UNKNOWN', `there is no error code ${given}`, {
      hint: `the nearest are ${near}; streamjob explain lists all`,
    });
  }
  const { why, todo, see } = ERROR_PAGES[code];
  const again = new StreamjobError(code, '').canRetry
    ? 'the same may succeed when it is tried again with nothing changed'
    : 'the same fails again until the code, the settings or the data change';
  const page = new URL(`../docs/${see}`, OWN_CODE);
  return [
    `${code}: ${ERROR_CODES[code]}`,
    '',
    `why:    ${why}`,
    `do:     ${todo}`,
    `again:  ${again}`,
    `docs:   ${fileURLToPath(page)}${page.hash}`,
  ];
}

function isCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CODES, text);
}
