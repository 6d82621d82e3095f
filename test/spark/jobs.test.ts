/** The example jobs on the executors of a real cluster: each prints what it prints on the other engines. All of jobs/ run there. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { describeWith, repository } from '../interop/kit/peers.ts';
import { Scene } from '../interop/kit/scene.ts';
import { runCli } from '../kit/cli.ts';
import { checkRecoverable, FAST, GOLDEN_FLUME_JOBS, GOLDEN_JOBS } from '../kit/golden-jobs.ts';
import { countsOf, SAMPLE, totals } from '../kit/golden-wordcounts.ts';
import { freePort } from '../kit/ports.ts';
import { type Cluster, startCluster } from './kit/cluster.ts';

const WORDCOUNTS = ['wordcount', 'wordcount-pull'];

describeWith(['cluster'], 'the example jobs on a Spark cluster', () => {
  const scene = new Scene();
  let cluster: Cluster | undefined;
  beforeAll(async () => {
    cluster = await startCluster(scene);
  });
  afterAll(() => scene.close());

  const onCluster = (): string[] => [
    ...['--engine', 'spark', '--master', cluster?.master ?? '', '--parallelism', '2'],
    ...['--state-store', 'lmdb'],
  ];

  for (const { check, does, job } of [...GOLDEN_JOBS, ...GOLDEN_FLUME_JOBS]) {
    test(`${job} ${does}`, () => check([...FAST, ...onCluster()]));
  }

  test('recoverable-wordcount goes on after a kill -9 of the driver, on the cluster or without it', async () => {
    await checkRecoverable([...FAST, ...onCluster()], [...FAST, ...onCluster()]);
    await checkRecoverable([...FAST, ...onCluster()], [...FAST, '--parallelism', '2']);
  });

  /** Runs a word count until all is counted, and judges it. */
  async function countsSample(args: readonly string[]): Promise<void> {
    const env = { WORDCOUNT_PORT: String(await freePort()) };
    const result = await runCli([...args, '--until-drained', '--no-ui', '--json', ...FAST], env);
    expect(result.stderr).not.toMatch(/"level":[56]0/);
    expect(result.code).toBe(0);
    const { acked, counts, lines } = totals(result.stdout);
    expect({ lines, counts }).toEqual(countsOf(SAMPLE));
    expect(acked).toBe(lines);
  }

  // Their files are the driver's: where the copy of them is, executors are told.
  test.each(WORDCOUNTS)('%s counts the sample and acknowledges each line', async (job) => {
    await countsSample(['run', `jobs/${job}.ts`, '--executor-env', 'WORDCOUNT_WORK', ...onCluster()]);
  });

  test('docker-compose.yml has the word count run as it is run here', async () => {
    const { services } = parse(readFileSync(path.join(repository, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
      readonly services: Readonly<Record<string, { readonly profiles?: string[]; readonly command: string[] }>>;
    };
    const command = services['wordcount-on-spark']?.command ?? [];
    const connect = Object.keys(services).find((name) => command.includes(`--master=sc://${name}:15002`));
    expect(services[connect ?? '']?.profiles).toEqual(['cluster']);
    await countsSample(command.map((arg) => arg.replace(/^--master=.*/, `--master=${cluster?.master}`)));
  });

  test('none of jobs/ is left out', () => {
    const jobs = readdirSync(path.join(repository, 'jobs'))
      .filter((file) => file.endsWith('.ts'))
      .map((file) => file.replace('.ts', ''));
    const tested = [...GOLDEN_JOBS, ...GOLDEN_FLUME_JOBS].map(({ job }) => job);
    expect(jobs.sort()).toEqual([...tested, ...WORDCOUNTS, 'recoverable-wordcount'].sort());
  });
});
