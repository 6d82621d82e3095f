/** The endpoints of a job: each answers what its schema says, and the figures are those of the batches. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { until } from '../../kit/until.ts';
import { Rig } from './rig.ts';

interface Operation {
  readonly responses: {
    readonly 200: { readonly content: { readonly 'application/json'?: { readonly schema: object } } };
  };
}

const APPLICATION = '/api/v1/applications/job';

/** A job that has failed once, and runs on. */
async function busy(): Promise<Rig> {
  let fails = true;
  const rig = await Rig.start((numbers) => {
    numbers
      .map((n) => ({ key: n % 2, value: n }))
      .count()
      .print();
    numbers.map((n) => [n % 2, n] as const).updateStateByKey((values, sum: number = 0) => sum + values.length);
    numbers.foreachRDD(async (rdd) => {
      await rdd.count();
      if (!fails) return;
      fails = false;
      throw new Error('the table is locked');
    });
  });
  rig.push([1, 2, 3]);
  rig.clock.advance(1000);
  await until(() => rig.observer.history.batch(1000)?.failures.length === 1);
  rig.clock.advance(100);
  await until(() => rig.observer.history.totals.batches === 1);
  rig.push([4, 5]);
  rig.clock.advance(900);
  await until(() => rig.observer.history.totals.batches === 2);
  return rig;
}

describe('the endpoints', () => {
  it('answer what the OpenAPI document says', async () => {
    const rig = await busy();
    const document = (await rig.json('/openapi.json')) as { paths: Record<string, { get: Operation }> };
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    const parts: Record<string, string> = {
      ...{ name: 'job', stream: '0', time: '1000', operation: '0' },
      state: 'updateStateByKey-0',
    };
    const queries: Record<string, string> = { key: '?key=1', profile: '?seconds=1' };
    let checked = 0;
    for (const [path, { get }] of Object.entries(document.paths)) {
      const schema = get.responses[200].content['application/json']?.schema;
      if (schema === undefined) continue;
      const query = queries[path.split('/').at(-1) ?? ''] ?? '';
      const asked = path.replaceAll(/\{(\w+)\}/g, (_, part: string) => parts[part] ?? '') + query;
      const response = await rig.ask(asked);
      expect([asked, response.status]).toEqual([asked, 200]);
      const validate = ajv.compile(schema);
      const valid = validate(await response.json());
      expect([asked, valid, validate.errors]).toEqual([asked, true, null]);
      checked++;
    }
    expect(checked).toBeGreaterThan(15);
  });

  it("have Spark's paths, fields and texts", async () => {
    const rig = await busy();
    const statistics = await rig.json(`${APPLICATION}/streaming/statistics`);
    expect(statistics).toMatchObject({
      startTime: '1970-01-01T00:00:00.000GMT',
      batchDuration: 1000,
      ...{ numReceivers: 1, numActiveReceivers: 1, numInactiveReceivers: 0 },
      ...{ numTotalCompletedBatches: 2, numRetainedCompletedBatches: 2, numActiveBatches: 0 },
      ...{ numProcessedRecords: 5, numReceivedRecords: 5, avgInputRate: 2.5, avgSchedulingDelay: 0 },
    });
    expect(await rig.json(`${APPLICATION}/streaming/receivers/0`)).toMatchObject({
      ...{ streamId: 0, isActive: true, avgEventRate: 2.5 },
      eventRates: [
        [1000, 3],
        [2000, 2],
      ],
    });
    expect(await rig.json(`${APPLICATION}/streaming/batches`)).toMatchObject([
      { batchId: 2000, status: 'COMPLETED', inputSize: 2, numCompletedOutputOps: 2, numTotalOutputOps: 2 },
      {
        ...{ batchId: 1000, batchTime: '1970-01-01T00:00:01.000GMT', status: 'COMPLETED', inputSize: 3 },
        ...{
          schedulingDelay: 0,
          processingTime: 100,
          totalDelay: 100,
          firstFailureReason: expect.stringContaining('the table is locked'),
        },
      },
    ]);
    expect(await rig.json(`${APPLICATION}/streaming/batches?status=processing&status=queued`)).toEqual([]);
    const operations = (await rig.json(`${APPLICATION}/streaming/batches/2000/operations`)) as object[];
    expect(operations).toMatchObject([
      { outputOpId: 0, name: 'print-0', description: expect.stringMatching(/^print at .*rest\.test\.ts:\d+/) },
      { outputOpId: 1, name: 'foreachRDD-0', startTime: '1970-01-01T00:00:02.000GMT', duration: 0 },
    ]);
    expect(await rig.json(`${APPLICATION}/streaming/batches/2000/operations/foreachRDD-0`)).toEqual(operations[1]);
  });

  it.each([
    [`${APPLICATION}/streaming/batches/7`, 404, 'unknown batch: 7'],
    [`${APPLICATION}/streaming/batches/x`, 404, 'unknown batch: x'],
    [`${APPLICATION}/streaming/receivers/9`, 404, 'unknown receiver: 9'],
    [`${APPLICATION}/streaming/batches/2000/operations/9`, 404, 'unknown output operation: 9'],
    [`${APPLICATION}/streaming/batches?status=lost`, 400, 'no status: lost; there are COMPLETED, QUEUED, PROCESSING'],
    ['/api/v1/applications/other/overview', 404, 'no streaming listener attached to other'],
    ['/api/v2', 404, 'there is no /api/v2'],
  ])('say of %s what is wrong', async (path, status, error) => {
    const rig = await busy();
    const response = await rig.ask(path);
    expect([response.status, await response.json()]).toEqual([status, { error }]);
  });

  it('tell of a batch what failed, where, and what its time was spent on', async () => {
    const rig = await busy();
    const batch = (await rig.json(`${APPLICATION}/batches/1000`)) as { segments: Record<string, number> };
    expect(batch).toMatchObject({
      ...{ events: 3, acknowledged: 3, processingMs: 100, previous: null, next: 2000 },
      inputs: [{ id: 0, events: 3 }],
      stages: expect.arrayContaining([expect.objectContaining({ site: expect.stringMatching(/rest\.test\.ts:\d+/) })]),
      failures: [{ attempt: 1, message: expect.stringContaining('the table is locked') }],
      outputs: [{ id: 'print-0' }, { id: 'foreachRDD-0', failureReason: null }],
    });
    const { acknowledged, waited, ...processing } = batch.segments;
    expect([acknowledged, waited]).toEqual([0, 0]);
    expect(Object.values(processing).reduce((sum, ms) => sum + ms)).toBeCloseTo(100);
  });

  it('tell where the events are that wait', async () => {
    const rig = await busy();
    rig.push([6]);
    rig.clock.advance(250);
    const { heldEvents, steps, totals, verdict } = (await rig.json(`${APPLICATION}/overview`)) as Record<
      string,
      object
    >;
    expect(steps).toContainEqual({ step: 'block', events: 1, oldestMs: 250 });
    expect([heldEvents, totals]).toEqual([
      0,
      expect.objectContaining({ batches: 2, failedAttempts: 1, acknowledgedEvents: 5 }),
    ]);
    expect(verdict).toMatchObject({ kind: 'keeping-up' });
  });
});

describe('metrics', () => {
  it('are text that Prometheus reads, with the figures of the batches', async () => {
    const rig = await busy();
    const response = await rig.ask('/metrics');
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const lines = (await response.text()).trimEnd().split('\n');
    for (const line of lines)
      expect(line).toMatch(
        /^(# (HELP|TYPE) streamjob_\w+ .+|streamjob_\w+(\{(\w+="([^"\\]|\\.)*",?)*\})? [-+\d.eInf]+)$/,
      );
    const families = lines.filter((line) => line.startsWith('# TYPE')).map((line) => line.split(' ')[2]);
    expect(new Set(families).size).toBe(families.length);
    expect(lines).toEqual(
      expect.arrayContaining([
        'streamjob_batches_committed_total 2',
        'streamjob_events_committed_total 5',
        'streamjob_events_acknowledged_total 5',
        'streamjob_batch_attempts_failed_total 1',
        'streamjob_step_events{step="block"} 0',
        'streamjob_batch_processing_seconds_bucket{le="0.05"} 1',
        'streamjob_batch_processing_seconds_bucket{le="0.1"} 2',
        'streamjob_batch_processing_seconds_bucket{le="+Inf"} 2',
        'streamjob_batch_processing_seconds_sum 0.1',
        'streamjob_batch_processing_seconds_count 2',
      ]),
    );
  });
});

describe('health', () => {
  it('is ready while batches commit in time, and not while one does not', async () => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const rig = await Rig.start((numbers) =>
      numbers.foreachRDD(async (rdd) => ((await rdd.count()) > 1 ? await gate : undefined)),
    );
    await rig.batch(1);
    const ready = await rig.ask('/readyz');
    expect([ready.status, await ready.json()]).toEqual([200, { ready: true, problems: [] }]);
    rig.push([1, 2]);
    rig.clock.advance(1000);
    await until(() => rig.observer.steps().some(({ events, step }) => step === 'output' && events === 2));
    rig.clock.advance(31_000);
    const late = await rig.ask('/readyz');
    expect([late.status, await late.json()]).toEqual([
      503,
      { ready: false, problems: ['batch 2000 has not committed for 31.0 s'] },
    ]);
    expect((await rig.ask('/healthz')).status).toBe(200);
    release();
  });
});

describe('events', () => {
  it('are told to who listens: the overview, and each batch that is over', async () => {
    const rig = await Rig.start((numbers) => numbers.count().print());
    const ended = new AbortController();
    const response = await rig.ask('/api/v1/events', { signal: ended.signal });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    let text = '';
    const reading = (async () => {
      for await (const chunk of response.body ?? []) text += Buffer.from(chunk as Uint8Array).toString();
    })().catch(() => {});
    await until(() => text.includes('event: overview\n'));
    await rig.batch(1, 2);
    await until(() => text.includes('event: batch\n'));
    expect(text).toMatch(/event: batch\ndata: \{"time":1000,"status":"COMPLETED","events":2,.*\}\n\n/);
    ended.abort();
    await reading;
  });

  it('do not count listeners that are gone', async () => {
    const rig = await Rig.start((numbers) => numbers.count().print());
    const statuses: number[] = [];
    for (let i = 0; i < 60; i++) {
      const gone = new AbortController();
      await until(async () => {
        const response = await rig.ask('/api/v1/events', { signal: gone.signal });
        if (response.status !== 200) await response.body?.cancel();
        statuses.push(response.status);
        return response.status === 200;
      });
      gone.abort();
    }
    expect(statuses).toContain(200);
  });
});
