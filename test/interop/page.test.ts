/** What a job's web endpoints say of real Flume agents while a batch does not commit, and afterwards. */
import { expect } from 'vitest';
import { freePort } from '../kit/ports.ts';
import { startFlume } from './kit/flume.ts';
import { startJob } from './kit/job.ts';
import { makeLines, spool } from './kit/lines.ts';
import { describeWith } from './kit/peers.ts';
import { it } from './kit/scene.ts';

const EVENTS = 3000;
/** The job of the kit has the standard name. */
const JOB = '/api/v1/applications/streamjob';

interface Peer {
  readonly peer: string;
  readonly requests: number;
  readonly events: number;
  readonly leftMs: number;
  readonly timeoutMs: number;
}

interface Overview {
  readonly heldEvents: number;
  readonly steps: readonly { readonly step: string; readonly events: number }[];
}

describeWith(['flume'], 'a job whose page is served', () => {
  it('says what each agent waits for, and where the events are', async ({ scene }) => {
    const [port, sinkPort] = [await freePort(), await freePort()];
    const pushing = await startFlume(scene, { name: 'pushing', confs: ['push.conf'], env: { JOB_PORT: String(port) } });
    const pulled = await startFlume(scene, {
      name: 'pulled',
      confs: ['pull.conf'],
      env: { FLUME_SINK_PORT: String(sinkPort) },
    });
    let open = (): void => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const job = await startJob(scene, {
      batchInterval: 200,
      page: true,
      source: (ssc) =>
        ssc
          .flumeStream({ host: '127.0.0.1', port })
          .union(ssc.flumePollingStream({ addresses: [`127.0.0.1:${sinkPort}`] })),
      before: () => opened,
    });
    const json = async (path: string): Promise<unknown> => await (await fetch(`${job.url}${path}`)).json();
    const all = [makeLines('push', EVENTS), makeLines('pull', EVENTS)];
    spool(pushing.work, 'lines.txt', all[0] as (typeof all)[0]);
    spool(pulled.work, 'lines.txt', all[1] as (typeof all)[0]);

    let peers: readonly Peer[] = [];
    await scene.until(async () => {
      peers = (await json(`${JOB}/peers`)) as Peer[];
      return peers.length === 2;
    }, 'both agents wait');
    const pull = peers.find(({ peer }) => peer === `127.0.0.1:${sinkPort}`);
    const push = peers.find((one) => one !== pull);
    // Flume's Avro sink has one request in flight.
    expect(push).toMatchObject({
      peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      requests: 1,
      events: 1000,
      timeoutMs: 20_000,
    });
    expect(push?.leftMs).toBeLessThanOrEqual(20_000);
    expect([pull?.timeoutMs, (pull?.events ?? 0) > 0]).toEqual([60_000, true]);
    await scene.until(async () => {
      const { heldEvents, steps } = (await json(`${JOB}/overview`)) as Overview;
      return heldEvents >= 2000 && steps.some(({ events, step }) => step === 'output' && events > 0);
    }, 'a batch is in its output, and others wait');

    open();
    await scene.until(() => job.acked() === 2 * EVENTS, 'all events are acknowledged');
    job.ids.expectNoneLost(all.flatMap(({ ids }) => ids));
    await scene.until(async () => ((await json(`${JOB}/peers`)) as Peer[]).length === 0, 'no agent waits');
    expect(await json(`${JOB}/streaming/statistics`)).toMatchObject({
      numActiveReceivers: 2,
      numProcessedRecords: 2 * EVENTS,
    });
    const metrics = await (await fetch(`${job.url}/metrics`)).text();
    expect(metrics).toContain(`\nstreamjob_events_acknowledged_total ${2 * EVENTS}\n`);
    expect(metrics).toMatch(/\nstreamjob_received_events_total\{input="0",name="Flume push stream[^}]*\} 3000\n/);
  });
});
