import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { describeError, ERROR_CODES, type ErrorCode, listenError, StreamjobError } from '../../../src/core/errors.ts';

test('docs/errors.md has each code with its meaning and whether trying again helps, and no other', () => {
  const text = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
  const documented = [...text.matchAll(/^\| `([A-Z_]+)` \| (.+) \| (yes|no) \|$/gm)].map((row) => row.slice(1));
  const codes = Object.entries(ERROR_CODES) as [ErrorCode, string][];
  const again = (code: ErrorCode): string => (new StreamjobError(code, '').canRetry ? 'yes' : 'no');
  expect(documented).toEqual(codes.map(([code, meaning]) => [code, meaning, again(code)]));
});

test('an error for a person says what, where, why and what to do, without a stack', () => {
  const error = new StreamjobError('FILE_NOT_FOUND', 'there is no file a.conf', {
    where: '/tmp/a.conf',
    hint: 'check the path',
    cause: new Error('ENOENT'),
  });
  expect(describeError(error)).toBe(
    'FILE_NOT_FOUND: there is no file a.conf\n  where: /tmp/a.conf\n  cause: ENOENT\n  do:    check the path',
  );
});

test('a port in use is told from other failures to listen', () => {
  const inUse = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' });
  expect(listenError(inUse, '127.0.0.1:1', 'x').code).toBe('PORT_IN_USE');
  expect(listenError(new Error('EACCES'), '127.0.0.1:1', 'x').code).toBe('LISTEN_FAILED');
});
