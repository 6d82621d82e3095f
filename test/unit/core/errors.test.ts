import { expect, test } from 'vitest';
import { describeError, listenError, StreamjobError } from '../../../src/core/errors.ts';

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
