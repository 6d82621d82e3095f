/** An agent and a job on simulated hosts: all that runs between a spooling directory and an output, in simulated time. */
import { expect, test } from 'vitest';
import { Agent } from '../../../src/agent/runtime/agent.ts';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { type HostProcess, Simulation } from '../../../src/simulation/machine/index.ts';

const MINUTE = 60_000;
const LINES = 40;
const CONF = `
a1.sources = s
a1.channels = c
a1.sinks = k
a1.sources.s.type = spooldir
a1.sources.s.spoolDir = /data/spool
a1.sources.s.channels = c
a1.channels.c.type = memory
a1.sinks.k.type = avro
a1.sinks.k.hostname = job
a1.sinks.k.port = 4141
a1.sinks.k.batch-size = 3
a1.sinks.k.channel = c
`;

interface Story {
  readonly hash: string;
  readonly seen: readonly string[];
}

async function story(seed: number): Promise<Story> {
  const simulation = new Simulation({ seed });
  const [agentHost, jobHost] = [simulation.host('agent'), simulation.host('job')];
  const seen: string[] = [];
  agentHost.disk.makeDirectory('/data/spool');
  const startJob = (): Promise<HostProcess> => {
    const process = jobHost.spawn('job');
    return process.run(async () => {
      const ssc = new StreamingContext({ batchInterval: 1000, log: silentLogger, checkpointDir: '/data/checkpoint' });
      ssc
        .flumeStream({ host: '0.0.0.0', port: 4141 })
        .map((event) => event.text())
        .foreachRDD(async (rdd) => void seen.push(...(await rdd.collect())));
      await ssc.start();
      return process;
    });
  };
  await simulation.play(async () => {
    let job = await startJob();
    const agent = agentHost.spawn('agent');
    await agent.run(() => Agent.fromText(CONF, '/etc/flume.conf', { log: silentLogger }).start());
    const random = simulation.random.fork('story');
    for (let line = 0; line < LINES; line++) {
      agentHost.disk.put(`/data/spool/file${line}`, `line ${line}\n`);
      await simulation.sleep(random.between(0, 3000));
      if (!random.chance(0.1)) continue;
      if (random.chance(0.5)) job.kill();
      else {
        jobHost.cutPower();
        jobHost.powerOn();
      }
      job = await startJob();
    }
  }, 10 * MINUTE);
  await simulation.runUntil(() => new Set(seen).size === LINES, 5 * MINUTE);
  return { hash: simulation.traceHash(), seen };
}

test('a job gets every line of an agent, whatever happens to it, and twice the same with one seed', async () => {
  const all = Array.from({ length: LINES }, (_, line) => `line ${line}`);
  for (let seed = 0; seed < 10; seed++) {
    const first = await story(seed);
    expect([...new Set(first.seen)].toSorted(), `seed ${seed}`).toEqual(all.toSorted());
    if (seed < 3) expect(await story(seed)).toEqual(first);
  }
});
