/** A job that a real Flume feeds, and a browser that looks at its page. */
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startFlume } from '../../interop/kit/flume.ts';
import { makeLines, spool } from '../../interop/kit/lines.ts';
import type { Scene } from '../../interop/kit/scene.ts';
import { pageOf, startStreamjob } from '../../interop/kit/streamjob.ts';
import { freePort } from '../../kit/ports.ts';

const JOB = path.join(import.meta.dirname, 'job.ts');
const AGENT = path.join(import.meta.dirname, 'agent.conf');
const API = '/api/v1/applications/looked%20at';

/** A job with its Flume. */
export interface Stage {
  readonly url: string;
  /** Lets its output go on. */
  readonly open: () => void;
  /** Lets it wait from now on. */
  readonly shut: () => void;
  /** Lets the next batch with data fail once. */
  readonly fail: () => void;
  /** Sends so many events. */
  readonly send: (count: number) => void;
  /** Sends lines as they are. */
  readonly sendLines: (...lines: readonly string[]) => void;
  readonly json: (path: string) => Promise<unknown>;
  readonly kill: () => Promise<void>;
}

/** Starts it. @param withAgent whether the job runs an agent, with files to read */
export async function stage(
  scene: Scene,
  { withAgent = false }: { readonly withAgent?: boolean } = {},
): Promise<Stage> {
  const port = String(await freePort());
  const flume = await startFlume(scene, { name: 'flume', confs: ['push.conf'], env: { JOB_PORT: port } });
  const [gate, failing] = [path.join(scene.directory, 'gate'), path.join(scene.directory, 'fail')];
  const work = path.join(scene.directory, 'agent');
  if (withAgent) {
    for (const name of ['spool', 'logs']) mkdirSync(path.join(work, name), { recursive: true });
    writeFileSync(path.join(work, 'spool/a.txt'), 'a line of a file\n'.repeat(500));
    appendFileSync(path.join(work, 'logs/b.log'), 'a line of a log\n'.repeat(500));
  }
  const job = startStreamjob(scene, ['run', JOB, '--ui-port', '0', '--ui-token', 'hunter2'], {
    ...{ PAGE_JOB_PORT: port, PAGE_JOB_GATE: gate, PAGE_JOB_FAIL: failing, PAGE_JOB_WORK: work },
    ...{ PAGE_JOB_DEAD_LETTERS: path.join(scene.directory, 'dead.jsonl') },
    ...(withAgent ? { PAGE_JOB_AGENT: AGENT } : {}),
  });
  const url = await pageOf(scene, job);
  let files = 0;
  return {
    url,
    open: () => writeFileSync(gate, ''),
    shut: () => rmSync(gate, { force: true }),
    fail: () => writeFileSync(failing, ''),
    send: (count) => spool(flume.work, `${files}.txt`, makeLines(`f${files++}`, count)),
    sendLines: (...lines) => spool(flume.work, `${files++}.txt`, { ...makeLines('', 0), lines }),
    json: async (asked) => await (await fetch(`${url}${API}${asked}`)).json(),
    kill: () => job.kill(),
  };
}

interface Totals {
  readonly acknowledgedEvents: number;
}

/** Waits until so many events are acknowledged. */
export async function acknowledged(scene: Scene, { json }: Stage, events: number): Promise<void> {
  await scene.until(async () => {
    const { totals } = (await json('/overview')) as { totals: Totals };
    return totals.acknowledgedEvents === events;
  }, `${events} events are acknowledged`);
}
