/** Where a path of the hdfs sink leads to that names no name node. */
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { placeOf } from '../../../../src/agent/sinks/hdfs/place.ts';
import { ownDirectory } from '../../../kit/directory.ts';

const property = (name: string, value: string): string =>
  `  <property>\n    <name>${name}</name>\n    <value>${value}</value>\n  </property>\n`;

/** A directory of Hadoop's settings. */
function settings(...properties: string[]): string {
  const directory = ownDirectory();
  fs.writeFileSync(
    path.join(directory, 'core-site.xml'),
    `<?xml version="1.0"?>\n<configuration>\n${properties.join('')}</configuration>\n`,
  );
  return directory;
}

const NODE = { url: 'http://nn.example:9870', path: '/logs' };

test.each([
  ['fs.defaultFS', [property('fs.defaultFS', 'hdfs://nn.example:8020')]],
  ['with a slash at its end', [property('fs.defaultFS', ' hdfs://nn.example/ ')]],
  [
    'among others',
    [property('io.file.buffer.size', '1'), property('fs.defaultFS', 'hdfs://nn.example'), property('z', '2')],
  ],
  ['by its old name', [property('fs.default.name', 'hdfs://nn.example')]],
  [
    'beside one that is a comment',
    [`<!-- ${property('fs.defaultFS', 'hdfs://old')} -->`, property('fs.defaultFS', 'hdfs://nn.example')],
  ],
])("it is that of Hadoop's settings: %s", (_what, properties) => {
  const directory = settings(...properties);
  expect(placeOf('/logs', undefined, directory)).toEqual(NODE);
  expect(placeOf('hdfs:///logs', undefined, directory)).toEqual(NODE);
});

test('a path that says it, and hdfs.webhdfs, win over them', () => {
  const directory = settings(property('fs.defaultFS', 'hdfs://nn.example'));
  expect(placeOf('hdfs://other/logs', undefined, directory)).toEqual({ url: 'http://other:9870', path: '/logs' });
  expect(placeOf('/logs', 'http://other:14000', directory)).toEqual({ url: 'http://other:14000', path: '/logs' });
  expect(placeOf('file:///logs', undefined, directory)).toEqual({ url: undefined, path: '/logs' });
});

test.each([
  ['there is no directory', () => undefined],
  ['there is no file', () => ownDirectory()],
  ['there is no such property', () => settings(property('a', 'b'))],
  ['it is no address', () => settings(property('fs.defaultFS', 'nn'))],
])('without them it is refused: %s', (_what, directory) => {
  expect(placeOf('/logs', undefined, directory())).toContain('does not say which name node');
});
