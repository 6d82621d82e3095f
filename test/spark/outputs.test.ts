/** Executors write the partitions of batches to a real PostgreSQL: each id is in the table once, whatever is killed or run twice. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { RpcClient } from '../../src/agent.ts';
import { describeUnless, describeWith } from '../interop/kit/peers.ts';
import { type Postgres, postgresMissing, startPostgres } from '../interop/kit/postgres.ts';
import { type Actor, it, type Scene } from '../interop/kit/scene.ts';
import { startStreamjob } from '../interop/kit/streamjob.ts';
import { Tally } from '../interop/kit/tally.ts';
import { freePort } from '../kit/ports.ts';
import { startCluster } from './kit/cluster.ts';

const JOB = path.join(import.meta.dirname, 'kit/table-job.ts');
const OF_REQUEST = 40;

/** Spark runs a task once more, beside the first, when it takes long. */
const SPECULATION = {
  'spark.speculation': 'true',
  'spark.speculation.interval': '100ms',
  'spark.speculation.minTaskRuntime': '2s',
  'spark.speculation.task.duration.threshold': '2s',
};

/** The job, and whoever sends to it. */
class Writing {
  readonly ids: string[] = [];
  readonly #scene: Scene;
  readonly #master: string;
  readonly #postgres: Postgres;
  readonly #port: number;
  readonly #files: { readonly trap: string; readonly full: string };
  #job: Actor | undefined;

  constructor(scene: Scene, master: string, postgres: Postgres, port: number) {
    this.#scene = scene;
    this.#master = master;
    this.#postgres = postgres;
    this.#port = port;
    this.#files = { trap: path.join(scene.directory, 'trap'), full: path.join(scene.directory, 'full') };
  }

  start(parallelism = 3): Actor {
    const directory = (name: string): string => path.join(this.#scene.directory, name);
    const flags = [
      ...['--engine', 'spark', '--master', this.#master, '--storage', directory('storage')],
      ...['--checkpoint-dir', directory('checkpoint'), '--parallelism', String(parallelism), '--no-ui'],
      ...['--executor-env', 'SPARK_JOB_PG,SPARK_JOB_TRAP,SPARK_JOB_FULL'],
    ];
    const env = {
      ...{ SPARK_JOB_PG: this.#postgres.url, SPARK_JOB_PORT: String(this.#port) },
      ...{ SPARK_JOB_TRAP: this.#files.trap, SPARK_JOB_FULL: this.#files.full },
    };
    this.#job = startStreamjob(this.#scene, ['run', JOB, ...flags], env);
    return this.#job;
  }

  /** Sends a request until it is acknowledged, as Flume's sink does. */
  async send(): Promise<void> {
    const ids = Array.from({ length: OF_REQUEST }, (_, i) => `e-${this.ids.length + i}`);
    this.ids.push(...ids);
    for (;;) {
      try {
        const client = await RpcClient.connect({ hosts: [`127.0.0.1:${this.#port}`], requestTimeout: '60s' });
        try {
          return await client.appendBatch(ids.map((id) => ({ headers: { id }, body: id })));
        } finally {
          await client.close();
        }
      } catch (error) {
        if (this.#job?.vanished === true) throw error;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }

  /** Sends a request, and waits until an attempt that has written some of it is held before its commit. @returns what lets it go on */
  async sendHeld(): Promise<{ readonly sending: Promise<void>; readonly release: () => void }> {
    const { trap } = this.#files;
    writeFileSync(trap, '');
    const sending = this.send();
    await this.#scene.until(() => existsSync(`${trap}.held`), 'an attempt is held');
    return { sending, release: () => rmSync(`${trap}.held`) };
  }

  full(isFull: boolean): void {
    if (isFull) writeFileSync(this.#files.full, '');
    else rmSync(this.#files.full, { force: true });
  }

  /** Waits until an attempt at a partition waits for the one that is held. */
  async anotherWaits(): Promise<void> {
    await this.#scene.until(async () => {
      const [count] = await this.#postgres.rows("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
      return Number(count) > 0;
    }, 'another attempt at the partition waits');
  }
}

describeWith(['cluster'], 'outputs on a Spark cluster', () => {
  describeUnless(postgresMissing, 'in PostgreSQL', () => {
    it('each id is once in the table, whatever fails, is run twice or is killed', async ({ scene }) => {
      const postgres = await startPostgres(scene);
      await postgres.rows('CREATE TABLE ids (id TEXT, program TEXT)');
      const ids = (): Promise<string[]> => postgres.rows('SELECT id FROM ids');
      const cluster = await startCluster(scene, { settings: SPECULATION, hosts: true });
      const writing = new Writing(scene, cluster.master, postgres, await freePort());
      let job = writing.start();
      await writing.send();
      expect(job.log.some((each) => /partition \d has \d+ ids/.test(each))).toBe(true);

      // A function that throws.
      writing.full(true);
      const refused = writing.send();
      const line = /USER_FUNCTION.*the table is full.*table-job\.ts:\d+:\d+/;
      await scene.until(() => job.log.some((each) => line.test(each)), 'the error comes with its place');
      writing.full(false);
      await refused;

      // Two attempts at a time.
      const twice = await writing.sendHeld();
      await writing.anotherWaits();
      twice.release();
      await twice.sending;

      // The executor of an attempt is killed.
      const lost = await writing.sendHeld();
      for (const { executor } of cluster.executing().tasks) process.kill(executor, 'SIGKILL');
      await lost.sending;
      lost.release();

      // The driver is killed, and its attempt goes on. A batch that is there in part is not cut otherwise.
      const left = await writing.sendHeld();
      await scene.until(async () => (await ids()).length > writing.ids.length - OF_REQUEST, 'some of it is there');
      await job.kill();
      job = writing.start(2);
      await writing.anotherWaits();
      left.release();
      expect(await job.end()).toMatch(/^exit code [1-9]/);
      expect(job.log.join('\n')).toMatch(/CHECKPOINT_INCOMPATIBLE.*written in part as 4 partitions at parallelism 3/);
      writing.start();
      await left.sending;
      await writing.send();

      const tally = new Tally();
      tally.add(await ids());
      tally.expectExactlyOnce(writing.ids);
      for (const program of await postgres.rows('SELECT DISTINCT program FROM ids')) {
        expect(program).toMatch(/^streamjob-\w+\.mjs$/);
      }
    });
  });
});
