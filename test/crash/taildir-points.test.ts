/**
 * An agent that tails files is killed with SIGKILL at each point of the way of a line and of a rotation: nothing is lost. With
 * `writePosInterval = 0` a kill repeats no more than the lines of one transaction, with a longer one those since the last write.
 */
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, type TestContext, test } from 'vitest';
import { FilesScene, type KillPoint } from './kit/files-scene.ts';

const POSITIONS = 'positions\\.json$';
const NEW_POSITIONS = 'positions\\.json\\.new$';
const PRINTS = 'positions\\.json\\.fingerprints$';
const NEW_PRINTS = 'positions\\.json\\.fingerprints\\.new$';
const LOG = 'app\\.log$';
/** Lines of each turn: two whole transactions and a part of one. */
const LINES = 25;

/** A log file that is written and rotated, and the agent that tails it. */
class Tailed extends FilesScene {
  readonly log: string = this.path('app.log');
  /** Each file that has the name of the log has another id. */
  #file = 0;

  constructor(context: Pick<TestContext, 'onTestFinished'>, properties: readonly string[] = []) {
    const own = ['type = TAILDIR', 'filegroups = g', 'backoffSleepIncrement = 20', 'maxBackoffSleep = 20'];
    super(context, {
      fault: 'TAILDIR: kill -9 of the agent at a point of the way of a line or a rotation',
      source: (directory) => [
        ...own,
        `filegroups.g = ${directory}/in/app\\\\.log(\\\\.[0-9]+)?`,
        `positionFile = ${directory}/positions/positions.json`,
        ...(properties.some((each) => each.startsWith('writePosInterval')) ? [] : ['writePosInterval = 0']),
        ...properties,
      ],
    });
  }

  append(count = LINES): void {
    appendFileSync(this.log, this.lines(`file${this.#file}`, count));
  }

  /** What is appended from now on is another file's. */
  next(): number {
    return ++this.#file;
  }
}

const ofPositions: readonly KillPoint[] = [
  'put-writing:2',
  'put-synced:1',
  'put-synced:3',
  { call: 'handle.writeFile', path: NEW_PRINTS, when: 'before', nth: 2 },
  { call: 'handle.writeFile', path: NEW_PRINTS, when: 'half', nth: 3 },
  { call: 'rename', path: PRINTS, when: 'before', nth: 2 },
  { call: 'rename', path: PRINTS, when: 'after', nth: 3 },
  { call: 'handle.writeFile', path: NEW_POSITIONS, when: 'before', nth: 3 },
  { call: 'handle.writeFile', path: NEW_POSITIONS, when: 'half', nth: 2 },
  { call: 'rename', path: POSITIONS, when: 'before', nth: 3 },
  { call: 'rename', path: POSITIONS, when: 'after', nth: 2 },
  { call: 'open', path: LOG, when: 'before', nth: 1 },
  { call: 'open', path: LOG, when: 'after', nth: 1 },
  { call: 'handle.read', path: LOG, when: 'after', nth: 2 },
];

interface Rotation {
  readonly name: string;
  /** Whether all must be delivered before it: it takes away what is not, as everywhere. */
  readonly needsAll: boolean;
  /** A kill comes behind each of these. */
  readonly steps: readonly ((tailed: Tailed, number: number) => void)[];
}

const create = (tailed: Tailed): void => writeFileSync(tailed.log, '');
const numbered = ({ log }: Tailed, number: number): void => renameSync(log, `${log}.${number}`);

const rotations: readonly Rotation[] = [
  {
    name: 'by a rename to a name that matches',
    needsAll: false,
    steps: [numbered, create, (tailed) => tailed.append()],
  },
  {
    name: 'by a rename to a name that does not match',
    needsAll: false,
    steps: [({ log }, number) => renameSync(log, `${log}-${number}`), create, (tailed) => tailed.append()],
  },
  {
    name: 'by copytruncate, and it has grown past its old length since',
    needsAll: true,
    steps: [
      ({ log }, number) => copyFileSync(log, `${log}.${number}.copy`),
      ({ log }) => truncateSync(log, 0),
      (tailed) => tailed.append(4 * LINES),
    ],
  },
  {
    name: 'by copytruncate, and it is shorter since',
    needsAll: true,
    steps: [
      ({ log }, number) => copyFileSync(log, `${log}.${number}.copy`),
      ({ log }) => truncateSync(log, 0),
      (tailed) => tailed.append(3),
    ],
  },
  {
    name: 'and compressed',
    needsAll: true,
    steps: [
      numbered,
      create,
      ({ log }, number) => writeFileSync(`${log}.${number}.gz`, gzipSync(readFileSync(`${log}.${number}`))),
      ({ log }, number) => rmSync(`${log}.${number}`),
      (tailed) => tailed.append(),
    ],
  },
];

describe('a kill -9 of an agent with a TAILDIR source', () => {
  // Two scenes, side by side.
  test.concurrent.for([0, 1])('loses nothing at the points of lines and positions, half %i', async (half, context) => {
    const tailed = new Tailed(context);
    for (const point of ofPositions.filter((_, i) => i % 2 === half)) {
      tailed.append();
      await tailed.dieAt(point);
    }
    await tailed.toTheEnd();
    tailed.expectKept();
  });

  test.concurrent.for(rotations)(
    'loses nothing of a file that is rotated $name',
    async ({ needsAll, steps }, context) => {
      const tailed = new Tailed(context);
      for (const killBehind of steps.keys()) {
        tailed.start();
        tailed.append();
        await tailed.delivered();
        if (!needsAll) tailed.append();
        const number = tailed.next();
        for (const [i, step] of steps.entries()) {
          step(tailed, number);
          if (i === killBehind) await tailed.kill();
        }
      }
      await tailed.toTheEnd();
      tailed.expectKept();
    },
  );

  test.concurrent('loses nothing between a rotation and the opening of the new file', async (context) => {
    const tailed = new Tailed(context);
    for (const when of ['before', 'after'] as const) {
      const agent = tailed.start({ killAt: { call: 'open', path: LOG, when, nth: 2 } });
      tailed.append();
      await tailed.delivered();
      tailed.append();
      numbered(tailed, tailed.next());
      tailed.append();
      await tailed.killed(agent);
    }
    await tailed.toTheEnd();
    tailed.expectKept();
  });

  test.concurrent('loses nothing while files that are idle are closed', async (context) => {
    const tailed = new Tailed(context, ['idleTimeout = 40']);
    for (const when of ['before', 'after'] as const) {
      const agent = tailed.start({ killAt: { call: 'handle.close', path: LOG, when, nth: 1 } });
      // The last line gets its newline later.
      appendFileSync(tailed.log, tailed.lines('file0', LINES).slice(0, -1));
      await tailed.killed(agent);
      appendFileSync(tailed.log, '\n');
    }
    await tailed.toTheEnd();
    tailed.expectKept();
  });

  test.concurrent('repeats what came since the last write of the position file, where that is not at each transaction', async (context) => {
    const tailed = new Tailed(context, ['writePosInterval = 1000000']);
    const positions = path.join(tailed.directory, 'positions', 'positions.json');
    tailed.append(3 * LINES);
    tailed.start();
    await tailed.delivered();
    await tailed.until(() => existsSync(positions));
    await tailed.kill();
    const [{ pos }] = JSON.parse(readFileSync(positions, 'utf8')) as [{ pos: number }];
    const noted = readFileSync(tailed.log, 'utf8').slice(0, pos).split('\n').length - 1;
    await tailed.toTheEnd();
    // Else the test could not fail.
    expect(noted).toBeLessThan(3 * LINES);
    expect(tailed.expectKept(3 * LINES)).toBe(3 * LINES - noted);
  });
});
