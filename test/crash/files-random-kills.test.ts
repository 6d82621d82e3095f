/**
 * An agent that reads files is killed at random, while a writer gives it files, or appends to a log and rotates it: 5 times in each
 * scenario, or as many times in all as CRASH_KILLS says. CRASH_SEED gives others.
 */
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { random } from './kit/checks.ts';
import { BATCH } from './kit/files-conf.ts';
import { FilesScene } from './kit/files-scene.ts';
import { pause } from './kit/scene.ts';

const SEED = Number(process.env['CRASH_SEED'] ?? 20261124);
const MOST_LINES = 30;

/** Does one thing that a writer may do. @param next a number in [0, 1) at each call */
type Writer = (next: () => number) => void;

function spooler(scene: FilesScene): Writer {
  let files = 0;
  return (next) => {
    const name = `file${files++}`;
    const aside = path.join(scene.directory, 'aside');
    writeFileSync(aside, scene.lines(name, 1 + Math.floor(next() * MOST_LINES)));
    renameSync(aside, scene.path(name));
  };
}

function logger(scene: FilesScene): Writer {
  const log = scene.path('app.log');
  let file = 0;
  writeFileSync(log, '');
  return (next) => {
    appendFileSync(log, scene.lines(`file${file}`, 1 + Math.floor(next() * MOST_LINES)));
    if (next() > 0.2) return;
    renameSync(log, `${log}.${file++}`);
    if (next() < 0.5) writeFileSync(log, '');
  };
}

const spooling = (...properties: readonly string[]) => ({
  source: (directory: string) => ['type = spooldir', `spoolDir = ${directory}/in`, 'pollDelay = 20', ...properties],
  writer: spooler,
  again: BATCH,
});
const tailing = (interval: number) => ({
  source: (directory: string) => [
    ...['type = TAILDIR', 'filegroups = g', `filegroups.g = ${directory}/in/app\\\\.log(\\\\.[0-9]+)?`],
    ...['backoffSleepIncrement = 20', 'maxBackoffSleep = 20', `writePosInterval = ${interval}`],
    `positionFile = ${directory}/own/positions.json`,
  ],
  writer: logger,
  // With an interval a kill repeats all that came since the last write.
  again: interval === 0 ? BATCH : Number.POSITIVE_INFINITY,
});
const cases = [
  ['spooldir, files are renamed', spooling()],
  ['spooldir, the youngest first, files are removed', spooling('consumeOrder = youngest', 'deletePolicy = immediate')],
  ['TAILDIR, each transaction is noted', tailing(0)],
  ['TAILDIR, transactions are noted now and then', tailing(300)],
] as const;
const KILLS = Math.ceil(Number(process.env['CRASH_KILLS'] ?? 5 * cases.length) / cases.length);

describe(`kills at random of an agent that reads files (seed ${SEED})`, () => {
  test.concurrent.for(cases)(
    '%s',
    { timeout: 120_000 + KILLS * 10_000 },
    async ([name, { source, writer, again }], context) => {
      const next = random(SEED + cases.findIndex(([each]) => each === name));
      const scene = new FilesScene(context, {
        fault: `${name.split(',', 1)[0]}: kills -9 of the agent at random`,
        source,
      });
      const write = writer(scene);
      const writing = setInterval(() => write(next), 60);
      context.onTestFinished(() => clearInterval(writing));
      for (let kill = 0; kill < KILLS; kill++) {
        const before = scene.count;
        scene.start();
        // Each life does something, or the kills would prove nothing.
        await scene.until(() => scene.count > before);
        await pause(next() * 300);
        await scene.kill();
      }
      clearInterval(writing);
      await scene.toTheEnd();
      const repeats = scene.expectKept(again);
      expect(repeats).toBeLessThanOrEqual(scene.given * KILLS);
    },
  );
});
