/** Where a recording has its views, and what it answers with. */
import { expect, test } from 'vitest';
import { recordedPath } from '../../../ui/data/recorded-path.ts';
import { placeIn, routeOf } from '../../../ui/route.ts';

test('what is asked for since a time is all that was recorded', () => {
  expect(['/a/log?since=7', '/a/timeline?since=-1', '/a/graph/load?batch=7', '/a/log'].map(recordedPath)).toEqual([
    '/a/log',
    '/a/timeline',
    '/a/graph/load?batch=7',
    '/a/log',
  ]);
});

test('a view stands behind the # with what stands behind the ?', () => {
  expect(placeIn('/graph?batch=7&zoom=fit')).toEqual({ path: '/graph', search: '?batch=7&zoom=fit' });
  expect(['', 'main', '/batches/7'].map((address) => routeOf(placeIn(address).path).view)).toEqual([
    'overview',
    'overview',
    'batch',
  ]);
});
