/**
 * A disk is full where an agent that reads files notes how far it is, or has its channel; then it has room again, with and without a
 * kill -9 in between. The agent says it, goes on, and loses nothing.
 */
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { mountsMissing } from '../kit/mounts.ts';
import { BATCH } from './kit/files-conf.ts';
import { FilesScene } from './kit/files-scene.ts';
import { SmallDisk } from './kit/small-disk.ts';

const LINES = 25;
const title = mountsMissing === undefined ? '' : ` (skipped: ${mountsMissing})`;

/** A source, and what is on the disk that is full. */
interface Case {
  readonly name: string;
  readonly of: 'spooldir' | 'TAILDIR';
  readonly properties: (disk: string, directory: string) => readonly string[];
  /** Whether the channel is there. */
  readonly channel: boolean;
  readonly size: string;
  /** What the agent says. */
  readonly says: RegExp;
  /** Whether events come meanwhile: then a kill repeats what came since the disk was full. */
  readonly readsOn: boolean;
}

const ofSource = { channel: false, size: '1m', readsOn: false } as const;
const ofChannel = {
  channel: true,
  size: '6m',
  readsOn: false,
  says: /usable space exhausted|no space is left/,
} as const;

const cases: readonly Case[] = [
  {
    name: 'the tracker directory of spooldir',
    of: 'spooldir',
    properties: (disk) => [`trackerDir = ${disk}/own`],
    ...ofSource,
    says: /the position cannot be noted.*ENOSPC/,
  },
  {
    name: 'the tracker directory of spooldir, with marks in it',
    of: 'spooldir',
    properties: (disk) => [`trackerDir = ${disk}/own`, 'trackingPolicy = tracker_dir'],
    ...ofSource,
    says: /cannot be noted.*ENOSPC/,
  },
  {
    name: 'the position file of TAILDIR',
    of: 'TAILDIR',
    properties: (disk) => [`positionFile = ${disk}/own/positions.json`],
    ...ofSource,
    readsOn: true,
    says: /the position file .* cannot be written: ENOSPC/,
  },
  {
    name: 'the channel of spooldir',
    of: 'spooldir',
    properties: () => [],
    ...ofChannel,
  },
  {
    name: 'the channel of TAILDIR',
    of: 'TAILDIR',
    properties: (_, directory) => [`positionFile = ${directory}/own/positions.json`],
    ...ofChannel,
  },
];

/** Gives more to the source of a scene. */
function give(scene: FilesScene, of: Case['of'], number: number): void {
  if (of === 'TAILDIR') return appendFileSync(scene.path('app.log'), scene.lines('log', LINES));
  const aside = path.join(scene.directory, 'aside');
  writeFileSync(aside, scene.lines(`file${number}`, LINES));
  renameSync(aside, scene.path(`file${number}`));
}

function sourceOf(of: Case['of'], directory: string): readonly string[] {
  const pattern = `filegroups.g = ${directory}/in/app\\\\.log`;
  const waits = ['backoffSleepIncrement = 20', 'maxBackoffSleep = 20', 'writePosInterval = 0'];
  if (of === 'TAILDIR') return ['type = TAILDIR', 'filegroups = g', pattern, ...waits];
  return ['type = spooldir', `spoolDir = ${directory}/in`, 'pollDelay = 20', 'maxBackoff = 250'];
}

describe.skipIf(mountsMissing !== undefined)(`a full disk of an agent that reads files${title}`, () => {
  const all = cases.flatMap((each) => [false, true].map((killed) => [each.name, killed, each] as const));
  test.concurrent.for(all)('%s, and kill -9: %s', async ([, killed, given], context) => {
    const { of, properties, channel, size, says, readsOn } = given;
    await SmallDisk.during(size, async (disk) => {
      const scene = new FilesScene(context, {
        fault: `${of}: the disk of its positions or its channel is full${killed ? ', and kill -9 of the agent' : ''}`,
        source: (directory) => [...sourceOf(of, directory), ...properties(disk.directory, directory)],
        ...(channel ? { channelDir: path.join(disk.directory, 'channel') } : {}),
      });
      let number = 0;
      give(scene, of, number++);
      const agent = scene.start();
      await scene.delivered();
      disk.fill();
      const before = scene.given;
      for (let i = 0; i < 4; i++) give(scene, of, number++);
      await scene.until(() => {
        // A file that was being replaced has left room.
        disk.fill();
        if (scene.count === scene.given) give(scene, of, number++);
        return says.test(agent.stderr());
      });
      if (readsOn) await scene.delivered();
      if (killed) await scene.kill();
      disk.free();
      give(scene, of, number++);
      if (!killed) {
        await scene.delivered();
        await scene.stop();
      }
      await scene.toTheEnd();
      const repeats = scene.expectKept(readsOn ? BATCH + scene.given - before : BATCH);
      if (!killed) expect(repeats).toBe(0);
    });
  });
});
