/** State in lmdb that cannot be written, or is broken, once the journal has the commit: the job goes on, its state exact, its peers answered. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import { StreamjobError } from '../../../src/core/errors.ts';
import { LmdbEnvironment } from '../../../src/state/lmdb-environment.ts';
import { PagedStateStore } from '../../../src/state/paged.ts';
import { FlumePeer } from '../../kit/flow.ts';
import { collectingLogger } from '../../kit/log.ts';
import { until } from '../../kit/until.ts';
import { RawClient } from '../../kit/wire.ts';

const scratch = mkdtempSync(path.join(tmpdir(), 'streamjob-faults-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

let jobs = 0;

/** A job that counts texts in lmdb, and a peer that sends them. */
async function counting(withIds: boolean, checkpoint: boolean, checkpointDir = path.join(scratch, `job-${jobs++}`)) {
  const clock = new ManualClock(0);
  const { log, lines } = collectingLogger();
  const ssc = new StreamingContext({
    batchInterval: 1000,
    clock,
    log,
    checkpointDir: checkpoint && checkpointDir,
    stateStore: 'lmdb',
    stateCache: 1,
    write: () => {},
  });
  let port = 0;
  ssc.events$.subscribe((event) => {
    if (event.type === 'receiverStarted') port = Number(/:(\d+)$/.exec(event.name)?.[1]);
  });
  const counts = new Map<string, number>();
  const dedupe = withIds ? { dedupe: { header: 'id' } } : {};
  ssc
    .flumeStream({ host: '127.0.0.1', port: 0, ...dedupe })
    .map((event) => [event.text().split('#')[0] ?? '', 1] as const)
    .updateStateByKey((ones: readonly number[], sum: number | undefined) => (sum ?? 0) + ones.length)
    .foreachRDD(async (rdd) => {
      for (const [key, count] of await rdd.collect()) counts.set(key, count);
    });
  await ssc.start();
  const peer = new FlumePeer(await RawClient.connect(port));
  let sent = 0;
  const send = (...keys: string[]): number => {
    const bodies = keys.map((key) => `${key}#${sent++}`);
    return withIds ? peer.sendIds(...bodies) : peer.send(...bodies);
  };
  /** Cuts a batch when the request has come. */
  const cut = async (serial: number): Promise<number> => {
    await until(() => ssc.waitingEvents > 0);
    clock.advance(1000);
    return serial;
  };
  const answered = async (serial: number): Promise<void> => {
    await until(() => peer.status(serial) !== undefined);
    expect(peer.status(serial)).toBe('OK');
  };
  const commit = async (...keys: string[]): Promise<void> => answered(await cut(send(...keys)));
  return { clock, ssc, peer, counts, lines, send, cut, answered, commit, checkpointDir };
}

describe.each([
  ['without ids', false],
  ['with ids', true],
])('state in lmdb, events %s', (_, withIds) => {
  test('whose write fails after the durable commit: the peers are answered, the next batch waits for it, and goes on', async () => {
    const job = await counting(withIds, true);
    await job.commit('a', 'b');
    const { write } = LmdbEnvironment.prototype;
    let full = true;
    let refused = 0;
    vi.spyOn(LmdbEnvironment.prototype, 'write').mockImplementation(function (this: LmdbEnvironment, ...given) {
      if (!full) return write.apply(this, given);
      refused++;
      throw new StreamjobError('FILE_ACCESS', 'cannot write state: the disk is full');
    });
    await job.commit('a', 'c');
    expect(refused).toBeGreaterThan(0);
    const after = await job.cut(job.send('a', 'b'));
    await until(() => job.lines.some(({ message }) => /failed \(attempt 1\)/.test(message)));
    expect(job.peer.status(after)).toBeUndefined();
    full = false;
    job.clock.advance(100);
    await job.answered(after);
    expect(Object.fromEntries(job.counts)).toEqual({ a: 3, b: 2, c: 1 });
    await job.ssc.stop();
  });

  test('with a key of 900 characters of three bytes each', async () => {
    const job = await counting(withIds, true);
    const key = '鍵'.repeat(900);
    for (let i = 1; i <= 2; i++) await job.commit(key, 'a');
    expect(Object.fromEntries(job.counts)).toEqual({ [key]: 2, a: 2 });
    await job.ssc.stop();
  });

  test('that is broken is made anew and filled from the checkpoint', async () => {
    const job = await counting(withIds, true);
    await job.commit('a', 'b');
    await job.commit('a');
    vi.spyOn(LmdbEnvironment.prototype, 'isLost', 'get').mockReturnValueOnce(true);
    await job.commit('a', 'c');
    expect(Object.fromEntries(job.counts)).toEqual({ a: 3, b: 1, c: 1 });
    expect(job.lines.map(({ message }) => message).join()).toContain('made anew and filled from the checkpoint');
    await job.ssc.stop();
  });
});

test('state in lmdb that is broken, without a checkpoint: the job ends and says why', async () => {
  const job = await counting(false, false);
  const ended = job.ssc.awaitTermination();
  ended.catch(() => {});
  await job.commit('a');
  vi.spyOn(LmdbEnvironment.prototype, 'isLost', 'get').mockReturnValueOnce(true);
  await job.cut(job.send('a'));
  await expect(ended).rejects.toThrow(/ENGINE_LOST.*broken/);
});

test('whatever fails when the journal has the commit: the peer is answered, the run ends, and the next one goes on from the journal', async () => {
  const first = await counting(false, true);
  const ended = first.ssc.awaitTermination();
  ended.catch(() => {});
  await first.commit('a', 'b');
  vi.spyOn(PagedStateStore.prototype, 'commit').mockImplementationOnce(() => {
    throw new Error('out of memory');
  });
  await first.commit('a');
  await expect(ended).rejects.toMatchObject({ code: 'ENGINE_LOST', message: expect.stringContaining('out of memory') });
  const second = await counting(false, true, first.checkpointDir);
  await second.commit('c');
  expect(Object.fromEntries(second.counts)).toEqual({ a: 2, b: 1, c: 1 });
  await second.ssc.stop();
});
