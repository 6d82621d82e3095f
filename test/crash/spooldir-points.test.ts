/**
 * An agent that reads a spooling directory is killed with SIGKILL at each point of the way of a file: nothing is lost, and a kill
 * repeats no more than the lines of one transaction.
 */
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'vitest';
import { FilesScene, type KillPoint } from './kit/files-scene.ts';

const LOG = '\\.streamjob-position\\.log$';
const NEW_LOG = '\\.streamjob-position\\.log\\.new$';
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
      { call: 'rm', path: LOG, when: 'before', nth: 1 },
      { call: 'rm', path: LOG, when: 'after', nth: 1 },
    ],
  },
];

/** A file that comes into the directory whole. */
function give(scene: FilesScene, id: string, lines = LINES): void {
  const aside = path.join(scene.directory, 'aside');
  writeFileSync(aside, scene.lines(id, lines));
  renameSync(aside, scene.path(id));
}

describe('a kill -9 of an agent with a spooling directory', () => {
  test.concurrent.for(policies)('loses nothing of files that are $name', async ({ properties, points }, context) => {
    const scene = new FilesScene(context, {
      source: (directory) => ['type = spooldir', `spoolDir = ${directory}/in`, 'pollDelay = 20', ...properties],
    });
    for (const [i, point] of points.entries()) {
      for (const part of ['a', 'b']) give(scene, `file${i}${part}`);
      await scene.dieAt(point);
    }
    await scene.toTheEnd();
    scene.expectKept();
  });
});
