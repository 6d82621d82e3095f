/** Actions that an output begins: its batch waits for them, awaited or not, and what fails in them fails the batch. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { type RDD, RDD as Rdd } from '../../../src/graph/rdd.ts';
import { type PushRig, pushRig } from '../../kit/flow.ts';
import { until } from '../../kit/until.ts';

async function rigOf(output: (rdd: RDD<string>, time: number) => void | Promise<void>): Promise<PushRig> {
  const rig = await pushRig(output);
  onTestFinished(() => rig.stop());
  return rig;
}

/** A batch of one request. @returns its answer, once there is one */
async function sendOne(rig: PushRig, ...bodies: string[]) {
  const peer = await rig.connect();
  const serial = peer.send(...bodies);
  await until(() => rig.ssc.waitingEvents === bodies.length);
  rig.clock.advance(1000);
  return () => peer.status(serial);
}

const ended = async (rig: PushRig): Promise<void> => {
  await until(() => rig.seen.some(({ type }) => type === 'batchCompleted' || type === 'batchFailed'));
};

test('an action that is not awaited holds the batch until it has ended', async () => {
  const saved: string[] = [];
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const rig = await rigOf((rdd) => {
    void rdd.foreach(async (text) => {
      await held;
      saved.push(text);
    });
  });
  const status = await sendOne(rig, 'a', 'b');
  await until(() => rig.seen.some(({ type }) => type === 'outputOperationStarted'));
  for (let i = 0; i < 50; i++) await turn();
  expect(status()).toBeUndefined();
  release();
  await until(() => status() !== undefined);
  expect(saved).toEqual(['a', 'b']);
  expect(status()).toBe('OK');
});

const failing = (): never => {
  throw new Error('the database is away');
};
const bySave = (rdd: RDD<string>): Promise<void> => rdd.foreach(failing);

test.each<[string, (rdd: RDD<string>) => void | Promise<void>]>([
  ['not awaited', (rdd) => void bySave(rdd)],
  ['not awaited, with then', (rdd) => void bySave(rdd).then(() => 'saved')],
  ['not awaited, with finally', (rdd) => void bySave(rdd).finally(() => {})],
  ['not awaited, of a derived RDD', (rdd) => void bySave(rdd.map((text) => `${text}!`))],
  ['begun after an await', (rdd) => void rdd.count().then(() => void bySave(rdd))],
  ['another kind', (rdd) => void rdd.reduce(failing)],
  ['awaited', (rdd) => bySave(rdd)],
])('an action that fails fails the batch: %s', async (_, output) => {
  let fails = true;
  const rig = await rigOf((rdd) => (fails ? output(rdd) : undefined));
  const status = await sendOne(rig, 'a', 'b');
  await ended(rig);
  expect(rig.seen.find((event) => event.type === 'batchFailed')).toMatchObject({
    error: { code: 'USER_FUNCTION', message: expect.stringContaining('the database is away') },
  });
  expect(status()).toBeUndefined();
  fails = false;
  await until(() => {
    rig.clock.advance(100);
    return status() !== undefined;
  });
  expect(status()).toBe('OK');
});

test.each<[string, (rdd: RDD<string>) => void | Promise<void>]>([
  ['by catch', (rdd) => void bySave(rdd).catch(() => {})],
  ['by await', async (rdd) => await bySave(rdd).catch(() => {})],
  ['by allSettled', async (rdd) => void (await Promise.allSettled([bySave(rdd)]))],
])('an error that the output has dealt with is its own affair: %s', async (_, output) => {
  const rig = await rigOf(output);
  const status = await sendOne(rig, 'a');
  await until(() => status() !== undefined);
  expect(status()).toBe('OK');
  expect(rig.seen.some(({ type }) => type === 'batchFailed')).toBe(false);
});

test('every method of RDD that is asynchronous is an action that is taken note of', () => {
  const methods = Object.getOwnPropertyNames(Rdd.prototype).map(
    (name) => [name, Object.getOwnPropertyDescriptor(Rdd.prototype, name)?.value] as const,
  );
  const unnoted = methods.filter(([, value]) => Object.prototype.toString.call(value) === '[object AsyncFunction]');
  expect(unnoted.map(([name]) => name)).toEqual([]);
  expect(methods.length).toBeGreaterThan(50);
});
