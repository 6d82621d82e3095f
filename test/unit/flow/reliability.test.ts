/** The three levels at a receiver, each promise by its name; faults of the disk are those of test/kit/faulty-files.ts. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import avsc from 'avsc';
import { describe, expect, test } from 'vitest';
import type { StreamingContextOptions } from '../../../src/api/context-options.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import { TelemetryRegistry } from '../../../src/core/telemetry.ts';
import type { FlumePushOptions } from '../../../src/flow/receive/flume-push.ts';
import { ownDirectory } from '../../kit/directory.ts';
import { FaultyFiles } from '../../kit/faulty-files.ts';
import { arrived, type PushRig, pushRig } from '../../kit/flow.ts';
import { until } from '../../kit/until.ts';

/** Runs of one job, one after the other, from one directory: what each of them put out. */
function machine(options: Partial<StreamingContextOptions> & { readonly push?: Partial<FlumePushOptions> } = {}) {
  const directory = ownDirectory();
  const where = options.standardCheckpointDir === undefined ? { checkpointDir: directory } : {};
  const clock = new ManualClock(0);
  const out: { readonly time: number; readonly values: string[] }[] = [];
  const state = { files: new FaultyFiles(), failOutputs: false };
  return {
    directory,
    clock,
    out,
    state,
    values: () => out.flatMap(({ values }) => values),
    boot: (files = new FaultyFiles(), other: Partial<StreamingContextOptions> = {}): Promise<PushRig> => {
      state.files = files;
      return pushRig(
        async (rdd, time) => {
          if (state.failOutputs) throw new Error('the output is down');
          const values = await rdd.collect();
          if (values.length > 0) out.push({ time, values });
        },
        { ...where, ...options, ...other, clock, files: state.files },
      );
    },
    /** The power goes, and comes back. */
    async powerCut(rig: PushRig): Promise<void> {
      state.files.powerCut();
      await rig.stop();
    },
  };
}

describe('end-to-end', () => {
  test('nothing is acknowledged before what the batch changed is on disk', async () => {
    const job = machine();
    const rig = await job.boot();
    const peer = await rig.connect();
    const serial = peer.send('a', 'b');
    await arrived(rig, 2);
    job.state.files.fail('sync', 0, 2, 'ENOSPC');
    rig.clock.advance(1000);
    await until(() => rig.seen.filter(({ type }) => type === 'batchFailed').length === 1);
    expect(peer.status(serial)).toBeUndefined();
    await until(() => {
      rig.clock.advance(200);
      return peer.status(serial) !== undefined;
    });
    expect(peer.status(serial)).toBe('OK');
    // The output is not run again for it: what failed came after.
    expect(job.values()).toEqual(['a', 'b']);
    await rig.stop();
  });

  test('what was not acknowledged is not kept: its peer sends it again', async () => {
    const job = machine();
    job.state.failOutputs = true;
    const rig = await job.boot();
    (await rig.connect()).send('a');
    await arrived(rig, 1);
    rig.clock.advance(1000);
    await until(() => rig.seen.some(({ type }) => type === 'batchFailed'));
    await job.powerCut(rig);
    job.state.failOutputs = false;
    const next = await job.boot();
    const peer = await next.connect();
    peer.send('a');
    await arrived(next, 1);
    await next.tick();
    expect(job.values()).toEqual(['a']);
    await next.stop();
  });
});

test('a batch that is given up while it is being logged leaves nothing in the log', async () => {
  const telemetry = new TelemetryRegistry();
  const job = machine({ telemetry, push: { dedupe: { header: 'id', remember: 100 } } });
  const rig = await job.boot();
  const peer = await rig.connect();
  const bytes = (): number | undefined => telemetry.samples().find(({ name }) => name === 'log_bytes')?.value;
  const release = job.state.files.holdSyncs();
  const serial = peer.send('a');
  await arrived(rig, 1);
  await until(() => {
    rig.clock.advance(500);
    return peer.status(serial) !== undefined;
  });
  expect(peer.status(serial)).toBe('FAILED');
  release();
  await until(() => rig.seen.some(({ type }) => type === 'batchGivenUp'));
  await until(() => {
    rig.clock.advance(500);
    return job.out.length === 0 && bytes() === 0 && rig.batches.some(({ events }) => events === 0);
  });
  // A crash now must not bring it back: its peer was told no.
  await job.powerCut(rig);
  const next = await job.boot();
  await next.tick();
  expect(job.values()).toEqual([]);
  await next.stop();
});

describe('store-on-failure', () => {
  const level = { reliability: 'store-on-failure' } as const;

  /** The batch of 1000 is cut, with 'a' and 'b', and its output fails. */
  async function cut(job: ReturnType<typeof machine>) {
    job.state.failOutputs = true;
    const rig = await job.boot();
    const peer = await rig.connect();
    const serial = peer.send('a', 'b');
    await until(() => peer.status(serial) === 'OK');
    rig.clock.advance(1000);
    await until(() => rig.seen.some(({ type }) => type === 'batchFailed'));
    return { rig, peer };
  }

  test('events are acknowledged once they are in the log, before any batch', async () => {
    const job = machine(level);
    const rig = await job.boot();
    const peer = await rig.connect();
    const serial = peer.send('a', 'b');
    await until(() => peer.status(serial) === 'OK');
    expect(job.out).toEqual([]);
    await rig.tick();
    expect(job.values()).toEqual(['a', 'b']);
    expect(rig.batches.at(-1)).toMatchObject({ events: 2, acked: 2 });
    await rig.stop();
  });

  test('what was acknowledged and is in no batch yet outlives a power cut', async () => {
    const job = machine(level);
    const rig = await job.boot();
    const peer = await rig.connect();
    const serials = [peer.send('a'), peer.send('b', 'c'), peer.send('d')];
    await until(() => serials.every((serial) => peer.status(serial) === 'OK'));
    await job.powerCut(rig);
    const next = await job.boot();
    expect(next.ssc.waitingEvents).toBe(4);
    await next.tick();
    expect(job.values()).toEqual(['a', 'b', 'c', 'd']);
    await next.stop();
    const last = await job.boot();
    await last.tick();
    expect(job.values()).toEqual(['a', 'b', 'c', 'd']);
    await last.stop();
  });

  test.each(['end-to-end', 'best-effort'] as const)(
    'what a run at %s finds of it in the log is processed once',
    async (reliability) => {
      const job = machine(level);
      const rig = await job.boot();
      const peer = await rig.connect();
      const serial = peer.send('a');
      await until(() => peer.status(serial) === 'OK');
      await job.powerCut(rig);
      for (let run = 0; run < 3; run++) {
        const next = await job.boot(new FaultyFiles(), { reliability });
        await next.tick();
        await next.stop();
      }
      expect(job.values()).toEqual(['a']);
    },
  );

  test('what a run at end-to-end finds of it is not given up with the requests of peers whose time is over', async () => {
    const job = machine(level);
    const rig = await job.boot();
    const first = await rig.connect();
    const serial = first.send('a');
    await until(() => first.status(serial) === 'OK');
    await job.powerCut(rig);
    job.state.failOutputs = true;
    const next = await job.boot(new FaultyFiles(), { reliability: 'end-to-end' });
    const peer = await next.connect();
    peer.send('b');
    await arrived(next, 2);
    // Longer than any peer waits.
    await until(() => {
      next.clock.advance(500);
      return next.clock.now() > 40_000;
    });
    expect(next.seen.some(({ type }) => type === 'batchGivenUp')).toBe(false);
    job.state.failOutputs = false;
    await until(() => {
      next.clock.advance(500);
      return job.values().length > 0;
    });
    await next.stop();
    expect(job.values()).toContain('a');
  });

  test('what is in the standard directory is processed also by a version of the job that remembers nothing', async () => {
    const standardCheckpointDir = ownDirectory();
    const job = machine({ standardCheckpointDir });
    const rig = await job.boot(new FaultyFiles(), level);
    const peer = await rig.connect();
    const serial = peer.send('a');
    await until(() => peer.status(serial) === 'OK');
    await job.powerCut(rig);
    for (let run = 0; run < 2; run++) {
      const next = await job.boot();
      await next.tick();
      await next.stop();
    }
    expect(job.values()).toEqual(['a']);
  });

  test('a batch that was cut is run again after a power cut, with the same time and contents', async () => {
    const job = machine(level);
    const { rig, peer } = await cut(job);
    const serial = peer.send('c');
    await until(() => peer.status(serial) === 'OK');
    await job.powerCut(rig);
    job.state.failOutputs = false;
    const next = await job.boot();
    await until(() => next.batches.length === 1);
    await next.tick();
    expect(job.out).toEqual([
      { time: 1000, values: ['a', 'b'] },
      { time: 2000, values: ['c'] },
    ]);
    await next.stop();
  });

  test('a stop that meets a cut batch while it is read leaves it whole for the next run', async () => {
    const job = machine(level);
    await job.powerCut((await cut(job)).rig);
    job.state.failOutputs = false;
    const files = new FaultyFiles();
    const release = files.holdReads();
    const stopped = await job.boot(files);
    await until(() => files.reads === 1);
    const stop = stopped.stop();
    release();
    await stop;
    expect(job.out).toEqual([]);
    const next = await job.boot();
    await until(() => next.batches.length === 1);
    expect(job.out).toEqual([{ time: 1000, values: ['a', 'b'] }]);
    await next.stop();
  });

  test('a full disk: the peer is told no, and everything goes on when there is room', async () => {
    const job = machine(level);
    const rig = await job.boot();
    const peer = await rig.connect();
    job.state.files.fail('append', 0, 1, 'ENOSPC');
    const refused = peer.send('a');
    await until(() => rig.lines.some(({ message }) => /cannot be kept.*ENOSPC/.test(message)));
    rig.clock.advance(500);
    await until(() => peer.status(refused) === 'FAILED');
    const again = peer.send('a');
    await until(() => peer.status(again) === 'OK');
    await rig.tick();
    expect(job.values()).toEqual(['a']);
    await rig.stop();
  });

  test('a job that is slower than its input keeps what waits on disk, not in memory, and loses none', async () => {
    const job = machine({ ...level, maxBacklogBytes: 2000, backpressure: false });
    job.state.failOutputs = true;
    const rig = await job.boot();
    const peer = await rig.connect();
    const ids = Array.from({ length: 200 }, (_, i) => `event ${i} ${'x'.repeat(80)}`);
    for (const id of ids) {
      const serial = peer.send(id);
      await until(() => peer.status(serial) === 'OK');
    }
    expect(rig.seen.some(({ type }) => type === 'readingPaused')).toBe(false);
    expect(rig.ssc.waitingEvents).toBe(200);
    job.state.failOutputs = false;
    await until(() => {
      rig.clock.advance(1000);
      return job.values().length === 200;
    });
    expect(job.values()).toEqual(ids);
    // No batch took more into memory than it may.
    expect(Math.max(...job.out.map(({ values }) => values.join('').length))).toBeLessThan(2000);
    await rig.stop();
  });

  test('a log that has reached its bound stops reading', async () => {
    const job = machine({ ...level, maxLogBytes: 1000, backpressure: false });
    job.state.failOutputs = true;
    const rig = await job.boot();
    const peer = await rig.connect();
    for (let i = 0; i < 12; i++) peer.send('x'.repeat(200));
    await until(() => rig.seen.some(({ type }) => type === 'readingPaused'));
    await rig.stop();
  });

  test('the log is Avro: any tool reads it, headers and bodies as they came', async () => {
    const job = machine(level);
    job.state.failOutputs = true;
    const rig = await job.boot();
    const peer = await rig.connect();
    let serial = peer.send('a', 'b');
    await until(() => peer.status(serial) === 'OK');
    serial = peer.sendIds('c');
    await until(() => peer.status(serial) === 'OK');
    await rig.stop();
    const [file = ''] = readdirSync(job.directory).filter((name) => name.endsWith('.avro'));
    const events: { headers: Record<string, string>; body: Buffer }[] = [];
    await new Promise((resolve, reject) => {
      avsc
        .createFileDecoder(path.join(job.directory, file))
        .on('data', (event) => events.push(event as never))
        .on('end', resolve)
        .on('error', reject);
    });
    expect(events.map(({ body, headers }) => [body.toString(), { ...headers }])).toEqual([
      ['a', {}],
      ['b', {}],
      ['c', { id: 'c' }],
    ]);
  });

  test('files of the log go when their batches have committed', async () => {
    const job = machine(level);
    for (let run = 0; run < 3; run++) {
      const rig = await job.boot();
      const peer = await rig.connect();
      const serial = peer.send(`run ${run}`);
      await until(() => peer.status(serial) === 'OK');
      await rig.tick();
      await rig.stop();
    }
    expect(job.values()).toEqual(['run 0', 'run 1', 'run 2']);
    expect(readdirSync(job.directory).filter((name) => name.endsWith('.avro'))).toEqual([]);
  });

  test('a flipped byte in the log is an error that names the file, not a loss', async () => {
    const job = machine(level);
    job.state.failOutputs = true;
    const rig = await job.boot();
    const peer = await rig.connect();
    const serial = peer.send('precious');
    await until(() => peer.status(serial) === 'OK');
    await rig.stop();
    const [name = ''] = readdirSync(job.directory).filter((each) => each.endsWith('.avro'));
    const file = path.join(job.directory, name);
    const { readFileSync, writeFileSync } = await import('node:fs');
    const content = readFileSync(file);
    const at = content.indexOf('precious');
    content[at] = (content[at] as number) ^ 1;
    writeFileSync(file, content);
    job.state.failOutputs = false;
    const next = await job.boot();
    const failure = next.ssc.awaitTermination().catch((error: unknown) => error);
    next.clock.advance(1000);
    expect(await failure).toMatchObject({ code: 'LOG_CORRUPT', where: file });
    expect(readFileSync(file)).toEqual(content);
    await next.stop();
  });
});

test('best-effort: events are acknowledged on receipt, nothing waits and nothing is written', async () => {
  const job = machine({ reliability: 'best-effort' });
  job.state.failOutputs = true;
  const rig = await job.boot();
  const peer = await rig.connect();
  const serial = peer.send('a');
  await until(() => peer.status(serial) === 'OK');
  expect(readdirSync(job.directory).filter((name) => name.endsWith('.avro'))).toEqual([]);
  await rig.stop();
});

describe('events with ids', () => {
  test.each(['end-to-end', 'store-on-failure', 'best-effort'] as const)(
    'count once at %s, however often they come',
    async (reliability) => {
      const job = machine({ reliability, push: { dedupe: { header: 'id', remember: 10 } } });
      let rig = await job.boot();
      for (const ids of [
        ['a', 'b', 'a'],
        ['b', 'c'],
        ['a', 'b', 'c', 'd'],
      ]) {
        const peer = await rig.connect();
        const serial = peer.sendIds(...ids);
        await arrived(rig, ids.length);
        await rig.tick();
        await until(() => peer.status(serial) === 'OK');
        await rig.stop();
        rig = await job.boot();
      }
      expect(job.values()).toEqual(['a', 'b', 'c', 'd']);
      await rig.stop();
    },
  );

  test('only the last ids are remembered, at least as many as asked for', async () => {
    const job = machine({ push: { dedupe: { header: 'id', remember: 2 } } });
    const rig = await job.boot();
    const peer = await rig.connect();
    for (const id of ['a', 'b', 'c', 'b', 'c', 'a']) {
      peer.sendIds(id);
      await arrived(rig, 1);
      await rig.tick();
    }
    expect(job.values()).toEqual(['a', 'b', 'c', 'a']);
    await rig.stop();
  });

  test('at end-to-end a batch whose outputs began is run again whole; what its peers send again is dropped', async () => {
    const job = machine({ push: { dedupe: { header: 'id' } } });
    const rig = await job.boot();
    (await rig.connect()).sendIds('a', 'b');
    await arrived(rig, 2);
    // The batch is logged (a block, a record), its output done; its commit never reaches the disk.
    job.state.files.fail('sync', 2, Number.POSITIVE_INFINITY);
    rig.clock.advance(1000);
    await until(() => rig.seen.some(({ type }) => type === 'batchFailed'));
    expect(job.out).toEqual([{ time: 1000, values: ['a', 'b'] }]);
    await job.powerCut(rig);
    const next = await job.boot();
    await until(() => next.batches.length === 1);
    const peer = await next.connect();
    const serial = peer.sendIds('a', 'b', 'c');
    await arrived(next, 3);
    await next.tick();
    await until(() => peer.status(serial) === 'OK');
    expect(job.out.slice(1)).toEqual([
      { time: 1000, values: ['a', 'b'] },
      { time: 2000, values: ['c'] },
    ]);
    await next.stop();
  });
});
