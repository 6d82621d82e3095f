/**
 * The same file and the same input to real Flume 1.11 and to the embedded agent: what arrives at the collectors (order, headers, bodies),
 * what sockets are answered, and what files are left must be the same. Wanted differences stand in the case, with their reasons.
 */
import { copyFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Agent } from '../../../src/agent.ts';
import { freePort, isListening } from '../../kit/ports.ts';
import { flumeCommand, readMetric } from '../kit/flume-command.ts';
import { describeWith } from '../kit/peers.ts';
import { type Scene, it as sceneIt } from '../kit/scene.ts';
import { type Arrived, type Change, type DifferentialCase, hasArrived, inside, LATE_MS, type Outcome } from './case.ts';
import { CASES } from './cases.ts';
import { leftIn, type Surroundings, surround, writtenIn } from './surroundings.ts';

/** Where Flume is known to do less it is watched for so long after what it does. */
const QUIET_MS = 1000;
/** Longer than Flume takes between two looks at its file, with `-i 1`. */
const LOOKED_MS = 2000;
const DIRECTORY = fileURLToPath(new URL('./cases', import.meta.url));
const CHANGES = fileURLToPath(new URL('./changes', import.meta.url));
/** 5: every fifth case. On another Node a part of them shows that all is there; what Flume does is the same. */
const EVERY = Number(process.env['DIFFERENTIAL_EVERY'] ?? 1);
/** Of c1 in every file of changes/. */
const CHANGED_CAPACITY = 20_000;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const confOf = ({ name }: DifferentialCase): string => path.join(DIRECTORY, `${name}.conf`);

describe('the files of the differential suite', () => {
  it('have a case each', () => {
    expect(CASES.map(({ name }) => `${name}.conf`).sort()).toEqual(readdirSync(DIRECTORY).sort());
    expect(CASES.length).toBeGreaterThanOrEqual(60);
  });
});

describeWith(['flume'], 'the same file and the same input', () => {
  sceneIt.for(CASES.filter((_, i) => i % EVERY === 0))('$name', async (given, { scene }) => {
    const [real, own] = [await surround(scene, 'real', given), await surround(scene, 'own', given)];
    const outcomes = await Promise.all([runFlume(scene, given, real), runOwn(scene, given, own)]);
    const [expected, actual] = outcomes.map((outcome) => compared(outcome, given)) as [Outcome, Outcome];
    expect(actual).toEqual(given.wanted === undefined ? expected : given.wanted.change(expected));
    // Else the two would agree about nothing.
    expect(counted(actual)).toBe(given.arrive);
  });
});

async function runFlume(scene: Scene, given: DifferentialCase, around: Surroundings): Promise<Outcome> {
  const monitor = await freePort();
  const capacity = (): Promise<number | undefined> => readMetric(monitor, 'CHANNEL.c1', 'ChannelCapacity');
  const command = flumeCommand([ownConf(given, around)], monitor, given.changes === undefined ? [] : ['-i', '1']);
  const actor = scene.start(`Flume for ${given.name}`, { ...command, env: around.env });
  await scene.until(async () => (await capacity()) !== undefined, 'Flume runs');
  const { arrive, arriveFromFlume = arrive, left, leftByFlume = left } = given;
  const expected = { ...given, arrive: arriveFromFlume, ...(leftByFlume === undefined ? {} : { left: leftByFlume }) };
  const outcome = await course(scene, expected, around, async ({ ignoredByFlume = false }) => {
    if (ignoredByFlume) await sleep(LOOKED_MS);
    else await scene.until(async () => (await capacity()) === CHANGED_CAPACITY, 'Flume has the changed file');
  });
  if (arriveFromFlume < arrive) {
    await sleep(QUIET_MS);
    await actor.kill();
    return around.outcome(outcome.answered);
  }
  await actor.kill();
  return outcome;
}

async function runOwn(scene: Scene, given: DifferentialCase, around: Surroundings): Promise<Outcome> {
  const agent = await Agent.fromFile(ownConf(given, around), { name: 'a1', env: around.env, log: scene.log });
  await agent.start();
  try {
    return await course(scene, given, around, async () => void (await agent.reload().catch(() => false)));
  } finally {
    await agent.stop();
  }
}

/** A file that changes is one of the agent's own. */
function ownConf(given: DifferentialCase, { work }: Surroundings): string {
  if (given.changes === undefined) return confOf(given);
  const file = path.join(work, 'flume.conf');
  copyFileSync(confOf(given), file);
  return file;
}

/** Feeds an agent and waits for what must come of it. @param takesOver resolves when the agent has taken a change over, or will not */
async function course(
  scene: Scene,
  given: DifferentialCase,
  around: Surroundings,
  takesOver: (change: Change) => Promise<void>,
): Promise<Outcome> {
  const { arrive, changes = [], feed, left, name } = given;
  const isServer = /^(?:netcat|syslogtcp|multiport|http|avro)/.test(name) && !name.startsWith('netcatudp');
  if (isServer) await scene.until(() => isListening(around.listen), `the source of ${name} listens`);
  const answered = await feed?.(around);
  for (const change of changes) {
    await hasArrived(around, change.after);
    copyFileSync(path.join(CHANGES, `${change.conf}.conf`), path.join(around.work, 'flume.conf'));
    await takesOver(change);
    for (const [file, content] of Object.entries(change.files)) writeFileSync(inside(around, file), content);
  }
  const names = [...(left ?? [])].sort().join();
  const isAll = (): boolean =>
    around.arrived.length + linesOf(writtenIn(around.work)) >= arrive &&
    (left === undefined || leftIn(around.work).join() === names);
  // What does not come is shown by the comparison.
  const late = Date.now() + LATE_MS;
  await scene.until(() => isAll() || Date.now() > late, `${name} is done`);
  return around.outcome(answered ?? null);
}

function linesOf(written: Readonly<Record<string, string>>): number {
  return Object.values(written).reduce((all, text) => all + text.split('\n').filter((line) => line !== '').length, 0);
}

function counted({ arrived, written }: Outcome): number {
  return arrived.length + linesOf(written);
}

/** What counts of an outcome. */
function compared(outcome: Outcome, { left, masked = {}, unordered = false }: DifferentialCase): Outcome {
  const arrived = outcome.arrived.map((event) => ({ ...event, headers: maskedHeaders(event, masked) }));
  if (unordered) arrived.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return { ...outcome, arrived, left: left === undefined ? [] : outcome.left };
}

function maskedHeaders({ headers }: Arrived, masked: Readonly<Record<string, RegExp>>): Record<string, string> {
  const shown = ([name, value]: [string, string]): [string, string] => [
    name,
    masked[name]?.test(value) === true ? String(masked[name]) : value,
  ];
  return Object.fromEntries(
    Object.entries(headers)
      .map(shown)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
