/**
 * An agent that reads a spooling directory is killed with SIGKILL at each point of the way of a file: nothing is lost, and a kill
 * repeats no more than the lines of one transaction.
 */
import { readdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import { FilesScene, type KillPoint } from './kit/files-scene.ts';

const LOG = '\\.streamjob-position\\.log$';
const NEW_LOG = '\\.streamjob-position\\.log\\.new$';
const NEW_MARK = '\\.streamjob-mark\\.new';
/** Lines of a file: two whole transactions and a part of one. */
const LINES = 25;

interface Policy {
  readonly name: string;
  readonly properties: readonly string[];
  readonly points: readonly KillPoint[];
}

const policies: readonly Policy[] = [
  {
    name: 'read, with their positions',
    properties: [],
    points: [
      'put-writing:2',
      'put-synced:1',
      'put-synced:3',
      { call: 'handle.appendFile', path: NEW_LOG, when: 'before', nth: 1 },
      { call: 'handle.appendFile', path: NEW_LOG, when: 'half', nth: 1 },
      { call: 'rename', path: LOG, when: 'before', nth: 1 },
      { call: 'rename', path: LOG, when: 'after', nth: 1 },
      // The log was opened under the name that it had before its rename; its first line is of the begin.
      { call: 'handle.appendFile', path: NEW_LOG, when: 'before', nth: 3 },
      { call: 'handle.appendFile', path: NEW_LOG, when: 'half', nth: 3 },
      { call: 'handle.datasync', path: NEW_LOG, when: 'before', nth: 3 },
      { call: 'handle.datasync', path: NEW_LOG, when: 'after', nth: 3 },
    ],
  },
  {
    // Of two files that are there after a kill the one that was not begun is the younger one.
    name: 'read, the youngest first',
    properties: ['consumeOrder = youngest'],
    points: ['put-synced:2', 'put-synced:3', 'put-synced:2'],
  },
  {
    name: 'renamed',
    properties: [],
    points: [
      { call: 'rename', path: 'COMPLETED$', when: 'before', nth: 1 },
      { call: 'rename', path: 'COMPLETED$', when: 'after', nth: 1 },
      { call: 'rm', path: LOG, when: 'before', nth: 1 },
      { call: 'rm', path: LOG, when: 'after', nth: 1 },
    ],
  },
  {
    name: 'removed',
    properties: ['deletePolicy = immediate'],
    points: [
      { call: 'rename', path: 'streamjob-read$', when: 'before', nth: 1 },
      { call: 'rename', path: 'streamjob-read$', when: 'after', nth: 1 },
      { call: 'rm', path: 'streamjob-read$', when: 'before', nth: 1 },
      { call: 'rm', path: 'streamjob-read$', when: 'after', nth: 1 },
      { call: 'rm', path: LOG, when: 'before', nth: 1 },
      { call: 'rm', path: LOG, when: 'after', nth: 1 },
    ],
  },
  {
    name: 'marked',
    properties: ['trackingPolicy = tracker_dir'],
    points: [
      { call: 'handle.writeFile', path: NEW_MARK, when: 'before', nth: 1 },
      { call: 'handle.writeFile', path: NEW_MARK, when: 'half', nth: 1 },
      { call: 'rename', path: NEW_MARK, when: 'before', nth: 1 },
      { call: 'rename', path: NEW_MARK, when: 'after', nth: 1 },
      { call: 'rm', path: LOG, when: 'before', nth: 1 },
      { call: 'rm', path: LOG, when: 'after', nth: 1 },
    ],
  },
];

function spooling(context: Pick<TestContext, 'onTestFinished'>, properties: readonly string[]): FilesScene {
  return new FilesScene(context, {
    fault: 'spooldir: kill -9 of the agent at a point of the way of a file',
    source: (directory) => ['type = spooldir', `spoolDir = ${directory}/in`, 'pollDelay = 20', ...properties],
  });
}

/** A file that comes into the directory whole. */
function give(scene: FilesScene, id: string, lines = LINES): void {
  const aside = path.join(scene.directory, 'aside');
  writeFileSync(aside, scene.lines(id, lines));
  renameSync(aside, scene.path(id));
}

describe('a kill -9 of an agent with a spooling directory', () => {
  test.concurrent.for(policies)('loses nothing of files that are $name', async ({ properties, points }, context) => {
    const scene = spooling(context, properties);
    for (const [i, point] of points.entries()) {
      for (const part of ['a', 'b']) give(scene, `file${i}${part}`);
      await scene.dieAt(point);
    }
    await scene.toTheEnd();
    scene.expectKept();
    expect(readdirSync(scene.path('.')).filter((name) => name.endsWith('.streamjob-read'))).toEqual([]);
  });

  test.concurrent('has no mark of a file that is written in part: it would stand for every file of that name', async (context) => {
    const scene = spooling(context, ['trackingPolicy = tracker_dir']);
    give(scene, 'file');
    await scene.dieAt({ call: 'handle.writeFile', path: NEW_MARK, when: 'half', nth: 1 });
    writeFileSync(scene.path('file'), scene.lines('another', 2 * LINES));
    await scene.toTheEnd();
    scene.expectKept();
  });

  test.concurrent.for([
    ['renamed', 'COMPLETED', []],
    ['removed', 'streamjob-read', ['deletePolicy = immediate']],
  ] as const)(
    'reads a file that came under the name of one that was %s just then',
    async ([, suffix, properties], context) => {
      const scene = spooling(context, properties);
      give(scene, 'file');
      await scene.dieAt({ call: 'rename', path: `${suffix}$`, when: 'after', nth: 1 });
      // As if it had come just before the rename: it has been renamed in place of the one that was read.
      const [renamed = ''] = readdirSync(scene.path('.')).filter((name) => name.endsWith(suffix));
      writeFileSync(scene.path(renamed), scene.lines('another', LINES));
      await scene.toTheEnd();
      scene.expectKept();
    },
  );
});
