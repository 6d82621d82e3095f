/** Data of a job that goes through a storage: large results, files of outputs, what functions write; with a Node that was shipped. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { RpcClient } from '../../src/agent.ts';
import { ClusterEngine } from '../bench/kit/cluster-engine.ts';
import { storeWords } from '../bench/kit/words.ts';
import { describeWith } from '../interop/kit/peers.ts';
import { it } from '../interop/kit/scene.ts';
import { startStreamjob } from '../interop/kit/streamjob.ts';
import { freePort, isListening } from '../kit/ports.ts';
import { startCluster } from './kit/cluster.ts';

const JOB = path.join(import.meta.dirname, 'kit/shared-job.ts');
const WORDS = 5000;

describeWith(['cluster'], 'a storage that a cluster sees', () => {
  it('has data of several batches whose stages run at the same time, in one session', async ({ scene }) => {
    const cluster = await startCluster(scene);
    const words = storeWords(scene.directory, { lines: 2000, wordsPerLine: 10, vocabulary: 50, files: 4 });
    const { master } = cluster;
    const engine = await ClusterEngine.open({ job: 'words', master, numPartitions: 2, storage: scene.directory });
    for (let turn = 0; turn < 4; turn++) {
      for (const counts of await engine.batches<readonly [string, number]>(3, words.blocks)) {
        expect(counts.reduce((sum, [, count]) => sum + count, 0)).toBe(20_000);
      }
    }
    await engine.close();
    // One that cannot begin leaves nothing there, as one that has ended.
    const recovery = { restore: () => Promise.reject(new Error('the checkpoint is damaged')) };
    const begun = ClusterEngine.open({ job: 'words', master, numPartitions: 2, storage: scene.directory, recovery });
    await expect(begun).rejects.toThrow('the checkpoint is damaged');
    expect(readdirSync(scene.directory).filter((name) => name.startsWith('run-'))).toEqual([]);
  });

  it('has the files of an output, written by executors, each part once; what functions wrote is in the log', async ({
    scene,
  }) => {
    // What executors find on their path: no Node but the one that is shipped.
    const tools = path.join(scene.directory, 'tools');
    mkdirSync(tools);
    for (const tool of ['bash', 'cat', 'gzip', 'mkdir', 'rm', 'rmdir', 'setsid', 'sleep', 'tar']) {
      symlinkSync(`/usr/bin/${tool}`, path.join(tools, tool));
    }
    const cluster = await startCluster(scene, { settings: { 'spark.executorEnv.PATH': tools } });
    const [port, storage] = [await freePort(), path.join(scene.directory, 'storage')];
    const out = path.join(storage, 'out', 'counts');
    const flags = ['--engine', 'spark', '--master', cluster.master, '--storage', storage, '--ship-node'];
    const env = { SPARK_JOB_PORT: String(port), SPARK_JOB_OUT: out };
    const without = flags.filter((flag) => flag !== '--ship-node');
    const early = startStreamjob(scene, ['run', JOB, ...without, '--parallelism', '4', '--no-ui'], env);
    expect(await early.end()).toBe('exit code 1');
    expect(early.log.join('\n')).toMatch(/SPARK_FAILED.*executors have no Node.*--ship-node/s);
    const job = startStreamjob(scene, ['run', JOB, ...flags, '--parallelism', '4', '--no-ui'], env);
    await scene.until(() => isListening(port), 'the job listens');
    const client = await RpcClient.connect({ hosts: [`127.0.0.1:${port}`], requestTimeout: '120s' });
    const send = (from: number): Promise<void> =>
      client.appendBatch(
        Array.from({ length: WORDS / 10 }, (_, i) => ({
          headers: {},
          body: Array.from({ length: 10 }, (__, word) => `w${from + i * 10 + word}`).join(' '),
        })),
      );
    await send(0);
    await send(WORDS);
    await client.appendBatch([{ headers: {}, body: 'said' }]);
    await client.close();

    const directories = readdirSync(path.dirname(out)).filter((name) => name.startsWith('counts-'));
    const lines: string[] = [];
    let executors = 0;
    for (const directory of directories) {
      const files = readdirSync(path.join(path.dirname(out), directory));
      expect(files.filter((name) => name.startsWith('.'))).toEqual([]);
      expect(files).toContain('_SUCCESS');
      for (const name of files.filter((file) => file.startsWith('part-'))) {
        const part = readFileSync(path.join(path.dirname(out), directory, name), 'utf8')
          .split('\n')
          .slice(0, -1);
        if (part.length > 0) executors++;
        lines.push(...part.map((line) => line.split(',')[0] as string));
      }
    }
    expect(lines.filter((word) => /^w\d/.test(word)).sort()).toEqual(
      Array.from({ length: 2 * WORDS }, (_, i) => `w${i}`).sort(),
    );
    expect(executors).toBeGreaterThan(4);
    expect(job.log.some((line) => line.includes('a function on an executor says so'))).toBe(true);
    expect(existsSync(storage)).toBe(true);
  });
});
