/**
 * A job that is slower than its input for as long as it runs: memory, open files and disk stay what they are, the job's and the
 * agent's. SOAK_SECONDS sets how long (default 30); what is compared is the second quarter with the last, so that only growth counts.
 * The disk of the checkpoint is a saw: a file of 64 MiB goes when its last event is done. Events are large, so that even a short soak
 * writes more than its limit.
 */
import { expect, test } from 'vitest';
import { until } from '../kit/until.ts';
import { expectKept } from './kit/checks.ts';
import type { Tally } from './kit/outputs.ts';
import { diskOf, resources } from './kit/resources.ts';
import { pause, Scene, type SceneOptions } from './kit/scene.ts';
import { record } from './kit/table.ts';

const SECONDS = Number(process.env['SOAK_SECONDS'] ?? 30);
const MIB = 1024 * 1024;
/**
 * The job takes 2,000 events a second at most, and so many wait for it: more than the agent has room for, and than it takes while this
 * process does not get its turn.
 */
const EVENT_MS = 0.5;
const CAPACITY = 2000;
const AHEAD = 10_000;
const LEAST_BEHIND = 1000;
const PADDING = 3000;
const MOST_DISK = 96 * MIB;

interface Sample {
  /** Events that were sent and are not out yet, in the agent or in the job. */
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
    behind: scene.sent - scene.arrived().size,
    jobMemory: job.memory,
    jobFiles: job.files,
    jobDisk: diskOf(scene.checkpointDir),
    agentMemory: agent.memory,
    agentFiles: agent.files,
    agentDisk: diskOf(scene.storeDir),
  };
}

const at = (samples: readonly Sample[], of: keyof Sample): number => median(samples.map((sample) => sample[of]));

/** How much more there is in the last quarter than in the second one. */
function grown(samples: readonly Sample[], of: keyof Sample): number {
  const quarter = Math.floor(samples.length / 4);
  return at(samples.slice(3 * quarter), of) - at(samples.slice(quarter, 2 * quarter), of);
}

function report(name: string, samples: readonly Sample[], { sent, duplicated }: Tally): void {
  const figures = (['jobMemory', 'agentMemory', 'agentDisk'] as const).map(
    (of) => `${of} ${Math.round(at(samples, of) / MIB)} MiB (${(grown(samples, of) / MIB).toFixed(1)} more)`,
  );
  const disk = (Math.max(...samples.map(({ jobDisk }) => jobDisk)) / MIB).toFixed(1);
  const written = Math.round((sent * PADDING) / MIB);
  console.log(
    `soak ${name}, ${SECONDS} s, ${sent} events, ${written} MiB: ${figures.join(', ')}, jobDisk at most ${disk} MiB; ` +
      `files ${grown(samples, 'jobFiles')} and ${grown(samples, 'agentFiles')} more; least that waited for the job: ` +
      `${Math.min(...samples.map(({ behind }) => behind))}; ${duplicated} twice at least once`,
  );
}

function expectFlat(samples: readonly Sample[]): void {
  // It was behind all the time: by half a second's work at least.
  expect(Math.min(...samples.map(({ behind }) => behind))).toBeGreaterThan(LEAST_BEHIND);
  expect(grown(samples, 'jobMemory')).toBeLessThan(48 * MIB);
  expect(grown(samples, 'agentMemory')).toBeLessThan(48 * MIB);
  expect(Math.max(...samples.map(({ jobDisk }) => jobDisk))).toBeLessThan(MOST_DISK);
  expect(grown(samples, 'agentDisk')).toBeLessThan(8 * MIB);
  expect(Math.max(grown(samples, 'jobFiles'), grown(samples, 'agentFiles'))).toBeLessThan(10);
}

test.concurrent.each([
  ['end-to-end', 'push'],
  ['end-to-end', 'pull'],
  ['store-on-failure', 'push'],
] as const)(
  'memory, files and disk stay flat while the job is behind: %s, %s',
  async (level, receiver) => {
    const slow = { slowEventMs: EVENT_MS, capacity: CAPACITY, remember: 10_000, padding: PADDING };
    const options: SceneOptions = { level, receiver, ids: true, ...slow };
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
    report(`${level}, ${receiver}`, samples, tally);
    expectKept(tally, options);
    expectFlat(samples);
  },
  SECONDS * 1000 + 180_000,
);
