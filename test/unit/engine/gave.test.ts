/** How many values operators give, as both engines count it: the same, whoever computes, and only while somebody looks. */
import { expect, onTestFinished, test } from 'vitest';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { type Span, TelemetryRegistry } from '../../../src/core/telemetry.ts';
import { buildCrew, type CrewData } from '../../kit/pipelines/crew.ts';
import { until } from '../../kit/until.ts';

const module = new URL('../../kit/pipelines/crew.ts', import.meta.url).href;
const WORDS = ['a', 'b', 'a', 'c', 'c', 'c', 'd'];

/** Runs one batch. @returns the values that operators gave, by their names */
async function gave(engine: string, data: CrewData, isCounting: boolean): Promise<Record<string, number>> {
  const telemetry = new TelemetryRegistry();
  telemetry.counting = () => isCounting;
  const clock = new ManualClock(0);
  const spans: Span[] = [];
  telemetry.onSpan((span) => spans.push(span));
  const ssc = new StreamingContext({
    ...{ batchInterval: 1000, clock, engine, parallelism: 2, telemetry, log: silentLogger, job: { module, data } },
    write: () => {},
  });
  onTestFinished(() => ssc.stop({ graceful: false }));
  const { push } = buildCrew(ssc, data, () => {});
  const { operators } = StreamingContext.observe(ssc, telemetry);
  await ssc.start();
  push(WORDS);
  clock.advance(1000);
  await until(() => spans.length === 1);
  const pairs = (spans[0]?.parts ?? []).flatMap((span) => span.gave ?? []);
  return Object.fromEntries(pairs.map(([node, values]) => [operators[node]?.name ?? '?', values]));
}

test.each(['inline', 'threads'])(
  '%s counts each operator while somebody looks',
  async (engine) => {
    const counted = await gave(engine, { graph: 'exitsStateless', uncounted: true }, true);
    expect(counted).toMatchObject({ map: WORDS.length, reduceByKey: 4 });
  },
  60_000,
);

test('inline counts what a window gives', async () => {
  expect(await gave('inline', { graph: 'plainWindow', uncounted: true }, true)).toMatchObject({ window: WORDS.length });
});

test.each(['inline', 'threads'])(
  '%s knows what a stage ends with without counting',
  async (engine) => {
    const counted = await gave(engine, { graph: 'exitsStateless', uncounted: true }, false);
    expect(counted).toMatchObject({ reduceByKey: 4 });
    expect(counted).not.toHaveProperty('map');
  },
  60_000,
);
