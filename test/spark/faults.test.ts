/** What is lost on the way to a cluster and in it: workers, executors, the Connect server, the driver. Each event counts once. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { RpcClient } from '../../src/agent.ts';
import { describeWith } from '../interop/kit/peers.ts';
import { type Actor, it, type Scene } from '../interop/kit/scene.ts';
import { startStreamjob } from '../interop/kit/streamjob.ts';
import { freePort } from '../kit/ports.ts';
import { type Cluster, startCluster } from './kit/cluster.ts';

const JOB = path.join(import.meta.dirname, 'kit/counting-job.ts');
const OF_REQUEST = 50;

/** A job on a cluster, and whoever sends to it. */
interface Stage {
  readonly cluster: Cluster;
  readonly job: () => Actor;
  /** Sends so many requests of 50 events, one after the other, each until it is acknowledged. */
  readonly send: (requests: number) => Promise<void>;
  /** Lets functions take their time, or not. */
  readonly slow: (isSlow: boolean) => void;
  /** Waits until all that was sent has been counted, and that is all. */
  readonly counted: () => Promise<void>;
  readonly start: () => void;
}

async function stage(scene: Scene): Promise<Stage> {
  const cluster = await startCluster(scene);
  const port = await freePort();
  const [sum, slow] = [path.join(scene.directory, 'sum'), path.join(scene.directory, 'slow')];
  let job: Actor | undefined;
  const start = (): void => {
    const flags = [
      '--engine',
      'spark',
      '--master',
      cluster.master,
      '--parallelism',
      '2',
      '--no-ui',
      '--executor-env',
      'SPARK_JOB_SLOW',
    ];
    const env = { SPARK_JOB_PORT: String(port), SPARK_JOB_SUM: sum, SPARK_JOB_SLOW: slow };
    job = startStreamjob(
      scene,
      ['run', JOB, '--checkpoint-dir', path.join(scene.directory, 'checkpoint'), ...flags],
      env,
    );
  };
  start();
  let sent = 0;
  const sendOne = async (): Promise<void> => {
    const events = Array.from({ length: OF_REQUEST }, () => ({ headers: { id: String(sent) }, body: String(sent++) }));
    for (;;) {
      try {
        const client = await RpcClient.connect({ hosts: [`127.0.0.1:${port}`], requestTimeout: '60s' });
        try {
          return await client.appendBatch(events);
        } finally {
          await client.close();
        }
      } catch (error) {
        if (job?.vanished === true) throw error;
        // As Flume's sink: what was not acknowledged is sent again, until it is.
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  };
  return {
    cluster,
    job: () => job as Actor,
    start,
    send: async (requests) => {
      for (let i = 0; i < requests; i++) await sendOne();
    },
    slow: (isSlow) => (isSlow ? writeFileSync(slow, '') : rmSync(slow, { force: true })),
    counted: async () => {
      await scene.until(
        () => existsSync(sum) && readFileSync(sum, 'utf8') === String(sent),
        `${sent} events are counted`,
      );
    },
  };
}

describeWith(['cluster'], 'a job on a Spark cluster', () => {
  it('counts each event once when a worker is killed while its tasks run, and another one comes', async ({ scene }) => {
    const made = await stage(scene);
    await made.send(2);
    made.slow(true);
    const sending = made.send(4);
    await scene.until(() => made.cluster.busy(), 'tasks run');
    await made.cluster.workers[0]?.kill();
    made.slow(false);
    await made.cluster.startWorker();
    await sending;
    await made.counted();
  });

  it('goes on when the Connect server was killed and started again: the session, the program and the batch begin anew', async ({
    scene,
  }) => {
    const made = await stage(scene);
    await made.send(2);
    made.slow(true);
    const sending = made.send(3);
    await scene.until(() => made.cluster.busy(), 'tasks run');
    await made.cluster.restartConnect();
    made.slow(false);
    await sending;
    await made.counted();
    expect(made.job().log.some((line) => line.includes('CONNECT_FAILED') || line.includes('SPARK_FAILED'))).toBe(true);
  });

  it('goes on from its checkpoint when the driver is killed', async ({ scene }) => {
    const made = await stage(scene);
    await made.send(3);
    const sending = made.send(3);
    await made.job().kill();
    made.start();
    await sending;
    await made.counted();
  });
});
