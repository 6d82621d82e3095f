/** Case b: the word count of what a real Flume agent holds in Spark's sink. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { peersDirectory } from '../../interop/kit/places.ts';
import { freePort, isListening } from '../../kit/ports.ts';
import { type Case, type Plan, withDirectory } from '../kit/case.ts';
import { digits, megabytes } from '../kit/format.ts';
import { Load } from '../kit/load.ts';
import { startOurs } from '../kit/ours.ts';
import { Measured } from '../kit/process.ts';
import type { Side } from '../kit/side.ts';
import { startSpark } from '../kit/spark.ts';
import { type Contestant, inTurn, middle } from '../kit/turns.ts';

const MAX_BATCH = 1000;
const WARMUP_SECONDS = 8;
const STARTS_WITHIN_MS = 60_000;

interface Pull {
  readonly eventsPerSecond: number;
  readonly cpuPerMillion: number;
  readonly peakBytes: number;
  /** Of the agent, in cores. */
  readonly agentCores: number;
}

/** An agent that takes what our generator sends and keeps it ready. */
function conf(source: number, sink: number): string {
  return `
a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = avro
a1.sources.r1.bind = 127.0.0.1
a1.sources.r1.port = ${source}
a1.sources.r1.channels = c1
a1.channels.c1.type = memory
a1.channels.c1.capacity = 200000
a1.channels.c1.transactionCapacity = 10000
a1.sinks.k1.type = org.apache.spark.streaming.flume.sink.SparkSink
a1.sinks.k1.channel = c1
a1.sinks.k1.hostname = 127.0.0.1
a1.sinks.k1.port = ${sink}
`;
}

function startAgent(directory: string, source: number, sink: number): Measured {
  const file = path.join(directory, 'agent.conf');
  writeFileSync(file, conf(source, sink));
  const at = ['flume/lib/*', 'flume/libext/*'].map((name) => path.join(peersDirectory, name)).join(path.delimiter);
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn';
  const args = ['-Xmx1g', quiet, '-cp', at, 'org.apache.flume.node.Application', '-n', 'a1', '-f', file];
  return new Measured('the Flume agent', { command: 'java', args, cwd: directory });
}

async function pulled(start: (sink: number, directory: string) => Side, plan: Plan): Promise<Pull> {
  return withDirectory(async (directory) => {
    const [source, sink] = [await freePort(), await freePort()];
    const agent = startAgent(directory, source, sink);
    const load = Load.generator({ port: source, batch: MAX_BATCH, window: 2 });
    try {
      const deadline = performance.now() + STARTS_WITHIN_MS;
      while (!(await isListening(sink)) && performance.now() < deadline) await sleep(200);
      const own = path.join(directory, 'job');
      mkdirSync(own);
      const side = start(sink, own);
      try {
        await side.nextCommit();
        await Promise.race([sleep(Math.max(WARMUP_SECONDS, plan.warmupSeconds) * 1000), side.gone()]);
        const from = await side.nextCommit();
        const agentFrom = agent.cpuSeconds();
        await Promise.race([sleep(plan.seconds * 1000), side.gone()]);
        const to = await side.nextCommit();
        const seconds = (to.at - from.at) / 1000;
        const events = to.events - from.events;
        return {
          eventsPerSecond: events / seconds,
          cpuPerMillion: ((to.cpuSeconds - from.cpuSeconds) / events) * 1e6,
          peakBytes: side.process.peakBytes(),
          agentCores: (agent.cpuSeconds() - agentFrom) / seconds,
        };
      } finally {
        await side.process.kill();
      }
    } finally {
      await load.process.kill();
      await agent.kill();
    }
  });
}

export const pull: Case = {
  id: 'pull',
  group: 'b',
  needs: ['flume', 'spark'],
  async run(plan) {
    const contestant = (name: string, start: (sink: number, directory: string) => Side): Contestant<Pull> => ({
      name,
      run: () => pulled(start, plan),
    });
    const us = (name: string, flags: readonly string[]): Contestant<Pull> =>
      contestant(name, (sink, directory) => {
        const env = { BENCH_SINK: String(sink), BENCH_MAX_BATCH: String(MAX_BATCH) };
        return startOurs({ job: 'wordcount.ts', name, flags, directory, env });
      });
    const outcomes = await inTurn(plan.pairs, [
      us('streamjob, end-to-end, eager', ['--cut', 'eager']),
      contestant('Spark', (port, directory) => {
        return startSpark('pull', { port, interval: 1000, maxBatchSize: MAX_BATCH }, directory);
      }),
      { ...us('streamjob, end-to-end, by the interval', []), turns: 1 },
      { ...us('streamjob, best-effort', ['--reliability', 'best-effort']), turns: 1 },
    ]);
    return {
      title: 'Pull word count',
      method: `A real Flume agent (Avro source, memory channel, Spark's sink) that our generator keeps full; at most ${MAX_BATCH} events a fetch, 1 s interval. Agent, generator and job share the cores. Spark acknowledges when it has stored a fetch, ours at end-to-end after the commit: by the interval that is as many fetches a second as may be open.`,
      rows: [],
      tables: [
        {
          title: '',
          columns: ['', 'events/s', 'CPU s per million events', 'peak memory', "agent's cores", 'failures'],
          lines: outcomes.map((outcome) => [
            outcome.name,
            digits(middle(outcome, ({ eventsPerSecond }) => eventsPerSecond)),
            digits(middle(outcome, ({ cpuPerMillion }) => cpuPerMillion)),
            megabytes(middle(outcome, ({ peakBytes }) => peakBytes)),
            digits(middle(outcome, ({ agentCores }) => agentCores)),
            outcome.failures.join('; ').replaceAll('|', '/'),
          ]),
        },
      ],
    };
  },
};
