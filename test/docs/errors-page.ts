/** The page of all error codes, made of the tables that the code itself and `streamjob explain` use. */
import { ERROR_PAGES } from '../../src/core/error-pages.ts';
import { ERROR_CODES, type ErrorCode, StreamjobError } from '../../src/core/errors.ts';

const INTRODUCTION = `# Errors

Every error that streamjob throws on purpose is a \`StreamjobError\` with one of these codes, a message that says what happened,
\`where\` it happened, and a \`hint\` that says what to do. The command line shows these lines; \`--stack-trace\` adds the stack. \`streamjob explain CODE\` shows what is said of a code here.

\`again\`: whether the same may succeed when it is tried again with nothing changed (\`error.canRetry\`). A batch that fails with one that says no ends the job.
`;

/** All of docs/errors.md. */
export function errorsPage(): string {
  const codes = Object.keys(ERROR_CODES) as ErrorCode[];
  const rows = codes.map((code) => `| [\`${code}\`](#${code.toLowerCase()}) | ${ERROR_CODES[code]} | ${again(code)} |`);
  const table = ['| code | meaning | again |', '| --- | --- | --- |', ...rows].join('\n');
  return `${INTRODUCTION}\n${table}\n\n${codes.map(sectionOf).join('\n')}`;
}

function again(code: ErrorCode): string {
  return new StreamjobError(code, '').canRetry ? 'yes' : 'no';
}

function sectionOf(code: ErrorCode): string {
  const { why, todo, see } = ERROR_PAGES[code];
  return `## ${code}\n\n${why}\n${todo} See [${see.replace(/\.md.*/, '')}](${see}).\n`;
}
