/** The words for what went wrong while a file of the user's was loaded: it does not compile, an import of it is not there, or it threw. */
import { type ErrorCode, messageOf, StreamjobError, systemCodeOf } from '../core/errors.ts';

const NOT_FOUND = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'ERR_PACKAGE_PATH_NOT_EXPORTED'];

/**
 * The error to throw for one that loading threw.
 * @param code of the error
 * @param file as the user wrote it
 * @param absolute its path
 */
export function loadError(code: ErrorCode, error: unknown, file: string, absolute: string): StreamjobError {
  const message = messageOf(error);
  if (error instanceof Error && (error.name === 'TransformError' || message.startsWith('Transform failed'))) {
    return new StreamjobError(
      code,
      `${file} does not compile: ${message.replace(/^Transform failed with \d+ errors?:\s*/, '')}`,
      {
        where: absolute,
        hint: 'mend the syntax error at that line',
      },
    );
  }
  if (NOT_FOUND.includes(systemCodeOf(error) ?? '')) {
    return new StreamjobError(code, `${file} imports something that cannot be found: ${firstLine(message)}`, {
      where: absolute,
      hint: 'check the path of the import (with its .ts), or install the package with npm install',
      cause: error,
    });
  }
  return new StreamjobError(code, `${file} threw while it was loaded: ${firstLine(message)}`, {
    where: lineIn(error, absolute) ?? absolute,
    hint: `mend ${code === 'JOB_INVALID' ? 'the job file' : 'that file'}; --stack-trace shows where it came from`,
    cause: error,
  });
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}

/** The place in a file that an error came from, as file:line:column. */
export function lineIn(error: unknown, file: string): string | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const at = stack.indexOf(file);
  return at < 0 ? undefined : /^[^\s)?]+(?:\?[^\s):]*)?(:\d+:\d+)/.exec(stack.slice(at))?.[1]?.replace(/^/, file);
}
