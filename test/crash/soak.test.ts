/**
 * A job that is slower than its input for as long as it runs: memory, open files and disk stay what they are, the job's and the
 * agent's. SOAK_SECONDS sets how long (default 30); what is compared is the second quarter with the last, so that only growth counts.
 */
import { expect, test } from 'vitest';
import { until } from '../kit/until.ts';
import { expectKept } from './kit/checks.ts';
import { diskOf, resources } from './kit/resources.ts';
import { pause, Scene, type SceneOptions } from './kit/scene.ts';
import { record } from './kit/table.ts';

const SECONDS = Number(process.env['SOAK_SECONDS'] ?? 30);
const MIB = 1024 * 1024;
/** The job takes 2,000 events a second at most, and so many wait for it at any time: more than the agent has room for. */
const EVENT_MS = 0.5;
const CAPACITY = 2000;
const AHEAD = 5000;

interface Sample {
  readonly behind: number;
  readonly jobMemory: number;
  readonly jobFiles: number;
  readonly jobDisk: number;
  readonly agentMemory: number;
  readonly agentFiles: number;
  readonly agentDisk: number;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

function sampleOf(scene: Scene): Sample {
  const job = resources(scene.job?.child.pid ?? 0);
  const agent = resources(scene.agent?.child.pid ?? 0);
  return {
    behind: scene.counters()['CHANNEL.c1']?.['ChannelSize'] ?? 0,
    jobMemory: job.memory,
    jobFiles: job.files,
    jobDisk: diskOf(scene.checkpointDir),
    agentMemory: agent.memory,
    agentFiles: agent.files,
    agentDisk: diskOf(scene.storeDir),
  };
}

test.concurrent.each([
  ['end-to-end', 'push'],
  ['end-to-end', 'pull'],
  ['store-on-failure', 'push'],
] as const)(
  'memory, files and disk stay flat while the job is behind: %s, %s',
  async (level, receiver) => {
    const options: SceneOptions = {
      level,
      receiver,
      ids: true,
      slowEventMs: EVENT_MS,
      capacity: CAPACITY,
      remember: 10_000,
    };
    const scene = new Scene(options);
    await scene.open();
    scene.startJob();
    scene.startAgent();
    const feeding = setInterval(() => {
      if (scene.sent - scene.arrived().size < AHEAD) scene.send(500);
    }, 50);
    await until(() => scene.arrived().size > 0);
    const samples: Sample[] = [];
    for (let second = 0; second < SECONDS; second++) {
      await pause(1000);
      samples.push(sampleOf(scene));
    }
    clearInterval(feeding);
    await scene.drained(120_000);
    const tally = await scene.close();
    record(options, `${SECONDS} s of a job that is too slow`, tally);
    const quarter = Math.floor(samples.length / 4);
    const [early, late] = [samples.slice(quarter, 2 * quarter), samples.slice(3 * quarter)];
    const at = (part: readonly Sample[], of: keyof Sample): number => median(part.map((sample) => sample[of]));
    const grown = (of: keyof Sample): number => at(late, of) - at(early, of);
    const figures = (['jobMemory', 'jobDisk', 'agentMemory', 'agentDisk'] as const).map(
      (of) => `${of} ${(at(late, of) / MIB).toFixed(1)} MiB (${(grown(of) / MIB).toFixed(1)} more)`,
    );
    console.log(
      `soak ${level}, ${receiver}, ${SECONDS} s, ${tally.sent} events: ${figures.join(', ')}; ` +
        `files ${grown('jobFiles')} and ${grown('agentFiles')} more; least that waited in the agent: ` +
        `${Math.min(...samples.map(({ behind }) => behind))}; ${tally.duplicated} twice at least once`,
    );
    expectKept(tally, options);
    // It was behind all the time.
    expect(Math.min(...late.map(({ behind }) => behind))).toBeGreaterThan(0);
    expect(grown('jobMemory')).toBeLessThan(48 * MIB);
    expect(grown('agentMemory')).toBeLessThan(48 * MIB);
    expect(grown('jobDisk')).toBeLessThan(8 * MIB);
    expect(grown('agentDisk')).toBeLessThan(8 * MIB);
    expect(Math.max(grown('jobFiles'), grown('agentFiles'))).toBeLessThan(10);
  },
  SECONDS * 1000 + 180_000,
);
