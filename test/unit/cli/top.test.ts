/** What `streamjob top` shows, and what it says when there is no job. */
import { describe, expect, it } from 'vitest';
import { type TopData, topScreen } from '../../../src/cli/top/screen.ts';
import type { Bottleneck } from '../../../src/observe/bottleneck-types.ts';
import { runCli } from '../../kit/cli.ts';
import { Rig } from '../observe/rig.ts';

const data = (more: Partial<TopData> = {}): TopData => ({
  overview: {
    ...{ name: 'wordcount', state: 'active', now: 90_000, startedAt: 0, batchIntervalMs: 1000, heldEvents: 3000 },
    verdict: { kind: 'keeping-up', text: 'keeping up: a batch waits 3 ms for its turn', delayPerMinuteMs: 0 },
    bottleneck: null,
    steps: [
      { step: 'block', events: 2000, oldestMs: 250 },
      { step: 'output', events: 1000, oldestMs: null },
    ],
    totals: {
      ...{ batches: 90, receivedEvents: 1_234_567, processedEvents: 1_234_567, acknowledgedEvents: 1_234_000 },
      ...{ givenUpBatches: 0, failedAttempts: 2, skippedValues: 0 },
    },
  },
  peers: [
    {
      receiver: 0,
      name: 'r',
      peer: '10.0.0.1:5000',
      requests: 3,
      events: 3000,
      oldestMs: 1500,
      leftMs: 18_500,
      timeoutMs: 20_000,
    },
    {
      receiver: 0,
      name: 'r',
      peer: '10.0.0.2:5',
      requests: 1,
      events: 7,
      oldestMs: 21_000,
      leftMs: -1000,
      timeoutMs: 20_000,
    },
  ],
  timeline: [1, 2, 3].map((i) => ({
    ...{
      time: i * 1000,
      status: 'COMPLETED',
      events: 500,
      failures: i === 2 ? 1 : 0,
      givenUp: false,
      acknowledged: 500,
    },
    ...{
      schedulingDelayMs: 5,
      processingMs: 5,
      totalDelayMs: 10,
      outputs: { total: 1, succeeded: 1, failed: 0 },
      error: null,
    },
    segments: { waited: 5, stages: 3, outputs: 1, commit: 1, other: 0, acknowledged: 0 },
  })),
  ...more,
});

describe('the screen', () => {
  it('says how the job does, where its events are, and what peers wait for', () => {
    expect(topScreen(data(), { columns: 120, rows: 40 })).toEqual([
      'wordcount: keeping up: a batch waits 3 ms for its turn',
      'up 1.5 min, a batch every 1.0 s, 500 events/s, 1,234,567 events in 90 batches, 1,234,000 acknowledged',
      '2 attempts failed',
      '',
      '         block  output',
      'events   2,000   1,000',
      'oldest  250 ms',
      '',
      'not yet acknowledged: 3,000 events',
      'peer           requests  events  oldest    left',
      '10.0.0.1:5000         3   3,000   1.5 s  18.5 s',
      '10.0.0.2:5            1       7  21.0 s    over',
      '',
      'batch         events  delay            waited, stages, outputs, commit, acknowledged',
      '00:00:03.000     500  10 ms            wwwwwwwwwwwwwwwsssssssssoooccc',
      '00:00:02.000     500  10 ms  1 failed  wwwwwwwwwwwwwwwsssssssssoooccc',
      '00:00:01.000     500  10 ms            wwwwwwwwwwwwwwwsssssssssoooccc',
    ]);
  });

  it('names what holds the job up, and is silent about what does not', () => {
    const { overview } = data();
    const bottleneck: Omit<Bottleneck, 'isHolding'> = {
      ...{ cause: 'commit', text: 'the commit takes 77 % of the processing time', operator: null, output: null },
      ...{ advice: 'Put the checkpoint on a faster disk (checkpointDir).', settings: ['checkpointDir'], share: 0.77 },
    };
    const lineOf = (isHolding: boolean): string | undefined => {
      const held = { overview: { ...overview, bottleneck: { ...bottleneck, isHolding } } };
      return topScreen(data(held), { columns: 120, rows: 40 })[1];
    };
    expect(lineOf(true)).toBe(
      'the commit takes 77 % of the processing time. Put the checkpoint on a faster disk (checkpointDir).',
    );
    expect(lineOf(false)).toMatch(/^up 1\.5 min/);
  });

  it('fits the terminal', () => {
    const lines = topScreen(data(), { columns: 40, rows: 6 });
    expect([lines.length, Math.max(...lines.map(({ length }) => length))]).toEqual([6, 40]);
  });

  it('is of a job that has done nothing, too', () => {
    const empty = data({ peers: [], timeline: [] });
    expect(
      topScreen(
        { ...empty, overview: { ...empty.overview, startedAt: null, steps: [] } },
        { columns: 80, rows: 40 },
      )[1],
    ).toContain('not started');
  });
});

describe('streamjob top', () => {
  it('prints a job that runs once where stdout is no terminal', async () => {
    const rig = await Rig.start((numbers) => numbers.count().print());
    await rig.batch(1, 2, 3);
    const { code, stdout } = await runCli(['top', `127.0.0.1:${rig.port}`]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^job: keeping up/);
    expect(stdout).toMatch(/00:00:01\.000 +3 /);
  });

  it('says what to do when there is none', async () => {
    const { code, stderr } = await runCli(['top', 'http://127.0.0.1:9']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('there is no job at http://127.0.0.1:9/')]);
  });
});
