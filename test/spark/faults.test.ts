/** What is lost on the way to a cluster and in it: workers, executors, the master, the Connect server, the driver. Each event counts once. */
import { appendFileSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFailed, onTestFinished } from 'vitest';
import { SparkSession, sql } from '../../src/engine/spark/connect/client.ts';
import { describeWith } from '../interop/kit/peers.ts';
import { it, Scene } from '../interop/kit/scene.ts';
import { mountSmall, mountsMissing, unmount } from '../kit/mounts.ts';
import { type Cluster, startCluster } from './kit/cluster.ts';
import { Counting } from './kit/counting.ts';

/** Spark runs a task once more, beside the first, when it takes longer than others of its stage. */
const SPECULATION = {
  'spark.speculation': 'true',
  'spark.speculation.interval': '100ms',
  'spark.speculation.quantile': '0.5',
  'spark.speculation.multiplier': '1.5',
  'spark.speculation.minTaskRuntime': '2s',
  // The only task of its stage has none to be compared with.
  'spark.speculation.task.duration.threshold': '2s',
};

describeWith(['cluster'], 'a job on a Spark cluster', () => {
  // What a test takes from the cluster comes again before the test ends.
  const clusterScene = new Scene();
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster(clusterScene, { settings: SPECULATION, hosts: true });
  });
  afterAll(() => clusterScene.close());

  const begin = (scene: Scene, storage = path.join(scene.directory, 'storage')): Counting => {
    onTestFailed(() => void process.stderr.write(clusterScene.report()));
    return new Counting(scene, cluster.master, storage === '' ? undefined : storage);
  };

  /** Tasks take their time from now on. Those that the batch before has left end some ms after its acknowledgement: they are waited for. */
  const slowDown = async (scene: Scene, job: Counting): Promise<void> => {
    await scene.until(() => !cluster.busy(), 'nothing runs');
    job.slow(true);
  };

  const failsWith = (scene: Scene, job: Counting, code: string): Promise<unknown> =>
    scene.until(() => job.log.some((line) => line.includes(code)), `a batch fails with ${code}`);

  /** Kills an executor, and waits for the one that comes in its place. */
  const killExecutor = async (scene: Scene, pid: number): Promise<void> => {
    process.kill(pid, 'SIGKILL');
    await scene.until(() => {
      const { executors } = cluster.executing();
      return executors.length === 2 && !executors.includes(pid);
    }, 'another executor is there');
  };

  it('counts each event once when a worker is killed while its tasks run, and another one comes', async ({ scene }) => {
    const job = begin(scene);
    await job.send(2);
    await slowDown(scene, job);
    const sending = job.send(4);
    const task = await scene.until(() => cluster.executing().tasks[0], 'tasks run');
    await task.worker.kill();
    job.slow(false);
    await cluster.startWorker();
    await sending;
    await job.counted();
  });

  it('counts each event once when an executor is killed while its tasks run', async ({ scene }) => {
    const job = begin(scene);
    await job.send(2);
    await slowDown(scene, job);
    const sending = job.send(4);
    const task = await scene.until(() => cluster.executing().tasks[0], 'tasks run');
    await killExecutor(scene, task.executor);
    job.slow(false);
    await sending;
    await job.counted();
  });

  it('goes on without the master, and with the one that comes in its place; without a storage', async ({ scene }) => {
    const job = begin(scene, '');
    await job.send(2);
    await slowDown(scene, job);
    const sending = job.send(3);
    await scene.until(() => cluster.busy(), 'tasks run');
    await cluster.killMaster();
    job.slow(false);
    await sending;
    await job.counted();
    await cluster.startMasterAgain();
    // It knows the job and its executors: only it has others started.
    await slowDown(scene, job);
    const sendingMore = job.send(3);
    const task = await scene.until(() => cluster.executing().tasks[0], 'tasks run');
    await killExecutor(scene, task.executor);
    job.slow(false);
    await sendingMore;
    await job.counted();
  });

  it('counts each event once when a task that is held is run once more beside it', async ({ scene }) => {
    const job = begin(scene);
    await job.send(2);
    const held = job.trap();
    await job.send(1);
    await job.counted();
    // The result is there, the first attempt is not: the other one has given it.
    expect(existsSync(held)).toBe(true);
    job.release();
    await job.send(3);
    await job.counted();
  });

  it('goes on when the Connect server was killed and started again: the session, the program and the batch begin anew', async ({
    scene,
  }) => {
    const job = begin(scene);
    await job.send(2);
    await slowDown(scene, job);
    const sending = job.send(3);
    await scene.until(() => cluster.busy(), 'tasks run');
    await cluster.restartConnect();
    job.slow(false);
    await sending;
    await job.counted();
    expect(job.log.some((line) => line.includes('CONNECT_FAILED') || line.includes('SPARK_FAILED'))).toBe(true);
    // A server that is silent about a plan, and lives, is waited for: it is asked whether it does.
    const session = new SparkSession(cluster.master, { silenceMs: 50, answerMs: 20_000 });
    const sleeping = sql("SELECT reflect('java.lang.Thread', 'sleep', CAST(1000 AS BIGINT))");
    expect((await session.run(sleeping)).length).toBeGreaterThan(0);
    // Between two batches no plan fails with it: the next one is told that the session is another one.
    await scene.until(() => !cluster.busy(), 'nothing runs');
    await cluster.restartConnect();
    await expect(session.run(sql('SELECT 1'))).rejects.toThrow('INVALID_HANDLE.SESSION_CHANGED');
    await job.send(1);
    await job.counted();
  });

  it('waits while the storage is away, and goes on when it is there again', async ({ scene }) => {
    const storage = path.join(scene.directory, 'storage');
    const job = begin(scene, storage);
    await job.send(2);
    renameSync(storage, `${storage}.away`);
    const sending = job.send(2);
    await failsWith(scene, job, 'FILE_ACCESS');
    renameSync(`${storage}.away`, storage);
    await sending;
    await job.counted();
  });

  it('puts the states back from the checkpoint when their files are gone', async ({ scene }) => {
    const storage = path.join(scene.directory, 'storage');
    const job = begin(scene, storage);
    await job.send(2);
    const states = readdirSync(storage, { recursive: true, encoding: 'utf8' }).filter((name) => /-state-/.test(name));
    expect(states.length).toBeGreaterThan(0);
    for (const name of states) writeFileSync(path.join(storage, name), '');
    // Kept workers know what they have written: others take their place.
    for (const pid of cluster.executing().executors) await killExecutor(scene, pid);
    await job.send(2);
    await job.counted();
    expect(job.log.some((line) => line.includes('filled from the checkpoint'))).toBe(true);
  });

  it.skipIf(mountsMissing !== undefined)(
    'waits while the storage is full, and goes on when there is room',
    async ({ scene }) => {
      const storage = mkdtempSync(path.join(tmpdir(), 'streamjob-small-'));
      mountSmall(storage, '2m');
      onTestFinished(() => {
        unmount(storage);
        rmSync(storage, { recursive: true });
      });
      const job = begin(scene, storage);
      await job.send(2);
      const filler = path.join(storage, 'filler');
      // Files that go give room: it is filled up until a batch finds none.
      const fill = (): void => {
        for (;;) {
          try {
            appendFileSync(filler, Buffer.alloc(4096));
          } catch {
            return;
          }
        }
      };
      const sending = job.send(4);
      await scene.until(() => {
        fill();
        return job.log.some((line) => line.includes('ENOSPC'));
      }, 'a batch finds no room');
      rmSync(filler);
      await sending;
      await job.counted();
    },
  );

  it('goes on from its checkpoint when the driver is killed', async ({ scene }) => {
    const job = begin(scene);
    await job.send(3);
    const sending = job.send(3);
    await job.killAndStart();
    await sending;
    await job.counted();
  });
});
