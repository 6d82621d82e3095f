/**
 * Real Flume sends, by its load-balancing sinks, to hosts that receive for a driver, which runs the job on a real cluster. A host is killed, the
 * driver is killed, and each event counts once.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { RpcClient } from '../../src/agent.ts';
import { startFlume } from '../interop/kit/flume.ts';
import { makeLines, spool } from '../interop/kit/lines.ts';
import { describeWith } from '../interop/kit/peers.ts';
import { type Actor, it } from '../interop/kit/scene.ts';
import { startStreamjob } from '../interop/kit/streamjob.ts';
import { freePort, isListening } from '../kit/ports.ts';
import { startCluster } from './kit/cluster.ts';

const JOB = path.join(import.meta.dirname, 'kit/ids-job.ts');
const WINDOW_JOB = path.join(import.meta.dirname, 'kit/window-job.ts');
const LINES = 2000;

describeWith(['cluster', 'flume'], 'receivers on other hosts, and a Spark cluster', () => {
  it('keep what windows read of a stream itself when the host that received it has removed it', async ({ scene }) => {
    const cluster = await startCluster(scene);
    const [driver, port] = [await freePort(), await freePort()];
    const file = (name: string): string => path.join(scene.directory, name);
    const shared = ['--storage', file('storage')];
    startStreamjob(
      scene,
      [
        ...['run', WINDOW_JOB, '--engine', 'spark', '--master', cluster.master, '--parallelism', '2', '--no-ui'],
        ...[...shared, '--receivers-at', `127.0.0.1:${driver}`, '--checkpoint-dir', file('checkpoint')],
      ],
      { SPARK_JOB_IDS: file('ids') },
    );
    const host = startStreamjob(
      scene,
      ['receive', WINDOW_JOB, '--name', 'r1', '--driver', `127.0.0.1:${driver}`, ...shared],
      {
        SPARK_JOB_PORT: String(port),
      },
    );
    await scene.until(() => isListening(port), 'the host receives');
    const client = await RpcClient.connect({ hosts: [`127.0.0.1:${port}`], requestTimeout: '60s' });
    // Few ones go as they are; many lie in the storage.
    const pad = 'x'.repeat(1000);
    await client.appendBatch(Array.from({ length: 10 }, (_, i) => ({ headers: { id: `few-${i}` }, body: '' })));
    await client.appendBatch(Array.from({ length: 3000 }, (_, i) => ({ headers: { id: `many-${i}` }, body: pad })));
    await client.close();
    await host.kill();
    rmSync(file('storage/receivers'), { recursive: true, force: true });
    const lines = (): string[] => (existsSync(file('ids')) ? readFileSync(file('ids'), 'utf8').trim().split('\n') : []);
    const before = lines().length;
    await scene.until(() => lines().length >= before + 4, 'windows go on');
    expect(lines().at(-1)).toBe('3010');
  });

  it('count each event of real Flume once, though a host and the driver are killed', async ({ scene }) => {
    const cluster = await startCluster(scene);
    const [driver, first, second] = [await freePort(), await freePort(), await freePort()];
    const file = (name: string): string => path.join(scene.directory, name);
    const shared = ['--storage', file('storage')];
    const startDriver = (): Actor =>
      startStreamjob(
        scene,
        [
          ...['run', JOB, '--engine', 'spark', '--master', cluster.master, '--parallelism', '2', '--no-ui', ...shared],
          ...['--receivers-at', `127.0.0.1:${driver}`, '--checkpoint-dir', file('checkpoint')],
        ],
        { SPARK_JOB_IDS: file('ids') },
      );
    const startHost = (name: string, port: number): Actor =>
      startStreamjob(scene, ['receive', JOB, '--name', name, '--driver', `127.0.0.1:${driver}`, ...shared], {
        SPARK_JOB_PORT: String(port),
      });
    const counted = (ids: number) =>
      scene.until(() => {
        if (!existsSync(file('ids'))) return false;
        const found = JSON.parse(readFileSync(file('ids'), 'utf8')) as { ids: number; most: number };
        expect(found.most, 'how often the most frequent id has come').toBeLessThanOrEqual(1);
        return found.ids === ids;
      }, `${ids} events are counted`);

    const doomed = startDriver();
    const lost = startHost('r1', first);
    startHost('r2', second);
    const flume = await startFlume(scene, {
      name: 'flume',
      confs: [path.join(import.meta.dirname, 'kit/balanced.conf')],
      env: { PORT_1: String(first), PORT_2: String(second) },
    });
    const sendLines = (part: string): void => spool(flume.work, `${part}.txt`, makeLines(part, LINES));

    sendLines('a');
    await counted(LINES);
    sendLines('b');
    await scene.until(
      () => lost.vanished || existsSync(file(`storage/receivers/127.0.0.1-${driver}/r1`)),
      'r1 receives',
    );
    await lost.kill();
    await counted(2 * LINES);

    startHost('r1', first);
    sendLines('c');
    await doomed.kill();
    startDriver();
    await counted(3 * LINES);
    await scene.until(async () => (await flume.metric('CHANNEL.c1', 'ChannelSize')) === 0, 'Flume has delivered all');
  });
});
