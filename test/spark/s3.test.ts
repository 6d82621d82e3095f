/**
 * A storage in S3: against a real server that speaks it. It keeps the contract of all storages; a job on a real cluster counts each event once,
 * though S3 is away for a while, tells all to slow down, or has lost objects.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { RpcClient } from '../../src/agent.ts';
import { silentLogger } from '../../src/core/log.ts';
import { monotonicMs } from '../../src/core/machine.ts';
import { storageOf } from '../../src/core/storage/storages.ts';
import { RunStorage } from '../../src/engine/spark/storage.ts';
import { partsOf, saveBatch } from '../../src/graph/save.ts';
import { describeWith } from '../interop/kit/peers.ts';
import { type Actor, it, Scene } from '../interop/kit/scene.ts';
import { startStreamjob } from '../interop/kit/streamjob.ts';
import { runCli } from '../kit/cli.ts';
import { freePort, isListening } from '../kit/ports.ts';
import { storageContract } from '../kit/storage-contract.ts';
import { type Cluster, startCluster } from './kit/cluster.ts';
import { Counting } from './kit/counting.ts';
import { S3Server } from './kit/s3-server.ts';

const WORDS_JOB = path.join(import.meta.dirname, 'kit/s3-job.ts');
const IDS_JOB = path.join(import.meta.dirname, 'kit/ids-job.ts');

describeWith(['cluster', 's3'], 'a storage in S3', () => {
  const scenes = new Scene();
  let server: S3Server;
  let cluster: Cluster;
  let prefixes = 0;
  beforeAll(async () => {
    server = await S3Server.start(scenes);
    Object.assign(process.env, server.env);
    cluster = await startCluster(scenes);
  });
  afterAll(async () => {
    for (const name of Object.keys(server.env)) delete process.env[name];
    await scenes.close();
  });
  const prefix = (): string => `p${prefixes++}`;
  const flags = (storage: string): string[] => [
    ...['--engine', 'spark', '--master', cluster.master, '--parallelism', '2', '--no-ui', '--storage', storage],
    ...['--executor-env', Object.keys(server.env).join(',')],
  ];

  storageContract('S3', async () => server.place(prefix()));

  test('a directory that was copied by half is written anew by its batch, and by no other', async () => {
    const below = prefix();
    const place = (number: number): string =>
      `${server.place(below)}/${number === 0 ? 'counts-1' : `counts-1-${number}`}`;
    const save = (batch: string): Promise<void> =>
      saveBatch(place, partsOf([['a']], 'text'), {
        batch: { job: 'j', output: 'o', batch, time: 1 },
        log: silentLogger,
      });
    await save('1');
    await server.remove(`${below}/counts-1/_SUCCESS`, `${below}/counts-1/part-00000`);
    await server.put(`${below}/counts-1/part-00001`, 'left by the attempt that was killed');
    await save('2');
    await save('1');
    const marks = ['_MANIFEST.json', '_SUCCESS', 'part-00000'];
    expect(await server.keys(below)).toEqual(
      ['counts-1-1', 'counts-1'].flatMap((name) => marks.map((mark) => `${below}/${name}/${mark}`)),
    );
  });

  describe('without a cluster', () => {
    test('what is far is asked for again when it is told to come more slowly, and no more than a few times', async () => {
      const file = `${server.place(prefix())}/a`;
      await storageOf(file).write(file, [Buffer.from('abc')]);
      await server.slowDown(2);
      expect(storageOf(file).readSync(file, 0, 3).toString()).toBe('abc');
      await server.slowDown(100);
      await expect(storageOf(file).read(file, 0, 3)).rejects.toThrow('SlowDown');
      await server.slowDown(0);
    });

    test('what a killed run left goes when it has said nothing for long enough; what lives stays', async () => {
      const root = server.place(prefix());
      const times = { renewMs: 20, deadMs: 300 };
      const killed = `${root.slice('s3://streamjob/'.length)}/run-elsewhere-1`;
      await server.put(`${killed}/lease`, '7');
      await server.put(`${killed}/1000-data-a`, 'data');
      const [one, other] = [
        await RunStorage.open(root, silentLogger, times),
        await RunStorage.open(root, silentLogger, times),
      ];
      const began = monotonicMs();
      await scenes.until(async () => (await server.keys(killed)).length === 0, 'it is removed');
      expect(monotonicMs() - began).toBeGreaterThan(times.deadMs / 2);
      for (const each of [one, other]) expect(await storageOf(root).hasDirectory(each.directory)).toBe(true);
      await one.close();
      await other.close();
      expect(await storageOf(root).directories(root)).toEqual([]);
    });

    test.each([
      ['s3://no-such-bucket/a', {}, 'FILE_ACCESS', 'no such bucket'],
      ['s3://Wrong/a', {}, 'CONFIG_INVALID', 'is no place in S3'],
      [
        's3://streamjob/a',
        { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9', AWS_MAX_ATTEMPTS: '1' },
        'FILE_ACCESS',
        'ECONNREFUSED',
      ],
    ])('%s is told of at the start', async (storage, env, code, message) => {
      const job = ['run', WORDS_JOB, ...flags(storage), '--batches', '1'];
      const { code: exit, stderr } = await runCli(job, { ...env, SPARK_JOB_PORT: String(await freePort()) });
      expect(stderr).toContain(code);
      expect(stderr).toContain(message);
      expect(exit).not.toBe(0);
    });
  });

  it('has data, windows, states and the files of outputs', async ({ scene }) => {
    onTestFailed(() => void process.stderr.write(scenes.report()));
    const [port, below] = [await freePort(), prefix()];
    const sum = path.join(scene.directory, 'sum');
    const env = { ...server.env, SPARK_JOB_PORT: String(port), SPARK_JOB_SUM: sum };
    const out = `${server.place(below)}/out/counts`;
    const job = startStreamjob(
      scene,
      ['run', WORDS_JOB, ...flags(server.place(below)), '--checkpoint-dir', path.join(scene.directory, 'checkpoint')],
      { ...env, SPARK_JOB_OUT: out },
    );
    await scene.until(() => isListening(port), 'the job listens');
    const client = await RpcClient.connect({ hosts: [`127.0.0.1:${port}`], requestTimeout: '120s' });
    const send = (from: number): Promise<void> =>
      client.appendBatch(
        Array.from({ length: 200 }, (_, i) => ({
          headers: {},
          body: Array.from({ length: 10 }, (__, word) => `w${from + i * 10 + word}`).join(' '),
        })),
      );
    for (const from of [0, 2000, 1000]) await send(from);
    const all = (): boolean => existsSync(sum) && readFileSync(sum, 'utf8') === '6000 6000 4000';
    await scene.until(all, 'all words are counted');
    await client.close();

    const keys = await server.keys(`${below}/out`);
    const parts = keys.filter((key) => /\/counts-\d+\/part-\d{5}$/.test(key));
    const directories = new Set(keys.map((key) => path.dirname(key)));
    expect(keys.filter((key) => key.endsWith('/_SUCCESS')).length).toBe(directories.size);
    expect(keys.filter((key) => /\/\.|\.tmp/.test(key))).toEqual([]);
    const lines = (await Promise.all(parts.map((key) => server.read(key)))).flatMap((text) =>
      text.split('\n').slice(0, -1),
    );
    expect(lines.reduce((sum_, line) => sum_ + Number(line.split(',')[1]), 0)).toBe(6000);
    expect((await server.keys(`${below}/run-`)).some((key) => /-state-/.test(key))).toBe(true);
    process.kill(job.pid ?? 0, 'SIGTERM');
  });

  it('may be away for a while', async ({ scene }) => {
    const job = new Counting(scene, cluster.master, server.place(prefix()), server.env);
    await job.send(2);
    await server.shut();
    const sending = job.send(2);
    await scene.until(() => job.log.some((line) => line.includes('FILE_ACCESS')), 'a batch fails');
    await server.open();
    await sending;
    await job.counted();
  });

  it('may lose objects: states are put back from the checkpoint', async ({ scene }) => {
    const below = prefix();
    const job = new Counting(scene, cluster.master, server.place(below), server.env);
    await job.send(2);
    // One is cut, the others are gone; those that are written meanwhile go, too.
    const lose = async (): Promise<void> => {
      const [cut, ...gone] = (await server.keys(below)).filter((key) => /-state-/.test(key));
      await server.remove(...gone);
      if (cut !== undefined) await server.put(cut, '');
    };
    await lose();
    // What executors have of them on their disks, and in their memory, goes with these.
    for (const pid of cluster.executing().executors) {
      process.kill(pid, 'SIGKILL');
      await scene.until(() => {
        const { executors } = cluster.executing();
        return executors.length === 2 && !executors.includes(pid);
      }, 'another executor is there');
    }
    const sending = job.send(2);
    await scene.until(async () => {
      if (job.log.some((line) => /ENOENT|STORAGE_DAMAGED/.test(line))) return true;
      await lose();
      return false;
    }, 'a batch misses them');
    await sending;
    await job.counted();
    expect(job.log.some((line) => line.includes('filled from the checkpoint'))).toBe(true);
  });

  it('has what other hosts receive, and each event counts once though one of them is killed', async ({ scene }) => {
    const [driver, first, second] = [await freePort(), await freePort(), await freePort()];
    const [below, ids] = [prefix(), path.join(scene.directory, 'ids')];
    const storage = ['--storage', server.place(below)];
    startStreamjob(
      scene,
      [
        ...['run', IDS_JOB, ...flags(server.place(below)), '--receivers-at', `127.0.0.1:${driver}`],
        ...['--checkpoint-dir', path.join(scene.directory, 'checkpoint')],
      ],
      { ...server.env, SPARK_JOB_IDS: ids },
    );
    const host = (name: string, port: number): Actor =>
      startStreamjob(scene, ['receive', IDS_JOB, '--name', name, '--driver', `127.0.0.1:${driver}`, ...storage], {
        ...server.env,
        SPARK_JOB_PORT: String(port),
      });
    const lost = host('r1', first);
    host('r2', second);
    await scene.until(async () => (await isListening(first)) && (await isListening(second)), 'both listen');
    const send = async (from: number): Promise<void> => {
      const events = Array.from({ length: 500 }, (_, i) => ({
        headers: { id: String(from + i) },
        body: 'x'.repeat(200),
      }));
      const client = await RpcClient.connect({
        hosts: [`127.0.0.1:${first}`, `127.0.0.1:${second}`],
        requestTimeout: '60s',
      });
      await client.appendBatch(events);
      await client.close();
    };
    await send(0);
    const received = `${below}/receivers/127.0.0.1-${driver}`;
    expect((await server.keys(received)).some((key) => key.startsWith(`${received}/r`))).toBe(true);
    await lost.kill();
    await send(500);
    await scene.until(() => {
      if (!existsSync(ids)) return false;
      const found = JSON.parse(readFileSync(ids, 'utf8')) as { ids: number; most: number };
      expect(found.most).toBe(1);
      return found.ids === 1000;
    }, 'each is counted');
    // What has committed goes.
    const blocks = async (): Promise<string[]> =>
      (await server.keys(`${received}/r2`)).filter((key) => /blocks/.test(key));
    await scene.until(async () => (await blocks()).length <= 1, 'blocks that have committed are removed');
  });
});
