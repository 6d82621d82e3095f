/** The folders of the agent import each other in one direction: how components are declared knows nothing of the components. */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const AGENT = fileURLToPath(new URL('../../../src/agent', import.meta.url));

/** What each folder may import of the others. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  component: [],
  serializers: ['component'],
  interceptors: ['component'],
  channels: ['component'],
  selectors: ['component', 'channels'],
  sources: ['component'],
  sinks: ['component', 'channels', 'serializers'],
  processors: ['component', 'channels', 'sinks'],
  conf: ['component', 'channels', 'selectors', 'interceptors', 'sources', 'sinks', 'processors'],
  runtime: ['component', 'channels', 'selectors', 'interceptors', 'sources', 'sinks', 'processors', 'conf'],
};

function importsOf(folder: string): Set<string> {
  const found = new Set<string>();
  for (const name of fs.readdirSync(path.join(AGENT, folder), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const file = path.join(AGENT, folder, name);
    for (const [, specifier = ''] of fs.readFileSync(file, 'utf8').matchAll(/(?:from |import\()'(\.[^']*)'/g)) {
      const target = path.relative(AGENT, path.resolve(path.dirname(file), specifier)).split(path.sep);
      const [other = ''] = target;
      if (target.length > 1 && other !== '..' && other !== folder) found.add(other);
    }
  }
  return found;
}

it('has a rule for each of its folders', () => {
  const folders = fs.readdirSync(AGENT, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).sort()).toEqual(Object.keys(MAY_IMPORT).sort());
});

it.each(Object.entries(MAY_IMPORT))('%s imports those below it only', (folder, allowed) => {
  expect([...importsOf(folder)].filter((other) => !allowed.includes(other))).toEqual([]);
});
