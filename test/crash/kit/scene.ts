/**
 * One scenario: an embedded agent in a process of its own, the job in another, both killed and started as the scenario says; then
 * every event is counted by its body and by its id.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CliProcess, startCli } from '../../kit/cli.ts';
import { freePort } from '../../kit/ports.ts';

export type Level = 'end-to-end' | 'store-on-failure' | 'best-effort';

export interface SceneOptions {
  readonly level: Level;
  readonly receiver: 'push' | 'pull';
  /** Whether events have ids, by which those that come again are dropped. */
  readonly ids: boolean;
  readonly slowMs?: number;
  /** Where the checkpoint goes. Default: in the scene's directory. */
  checkpointDir?: string;
  /** What stands between the agent and the job. @returns the port that the agent sends to */
  readonly between?: (port: number) => Promise<number>;
}

/** What became of the events. */
export interface Tally {
  readonly sent: number;
  /** Bodies that either output lacks. */
  readonly lost: number;
  /** Copies beyond the first in the output that is appended to. */
  readonly duplicated: number;
  /** The same in the output by saveAsTextFiles, by event id. */
  readonly duplicatedExactlyOnce: number;
  /** Ids that the exactly-once output does not have although the other one does. */
  readonly missingExactlyOnce: number;
  /** The count in the job's state. */
  readonly total: number;
  /** Distinct event ids in the outputs. */
  readonly distinct: number;
}

const JOB = fileURLToPath(new URL('../job.ts', import.meta.url));
const KILL_AT = new URL('../kill-at.mjs', import.meta.url).href;

export class Scene {
  readonly directory: string = mkdtempSync(path.join(tmpdir(), 'streamjob-crash-'));
  readonly options: SceneOptions;
  #jobPort = 0;
  #agentPort = 0;
  #files = 0;
  #sent = 0;
  job: CliProcess | undefined;
  agent: CliProcess | undefined;

  constructor(options: SceneOptions) {
    this.options = options;
    for (const name of ['in', 'out/exactly-once']) mkdirSync(path.join(this.directory, name), { recursive: true });
  }

  async open(): Promise<void> {
    this.#jobPort = await freePort();
    this.#agentPort = (await this.options.between?.(this.#jobPort)) ?? this.#jobPort;
    writeFileSync(path.join(this.directory, 'agent.conf'), this.#conf());
  }

  /** Gives the agent's source a file of `count` lines. */
  send(count: number): void {
    const lines = Array.from({ length: count }, (_, i) => `event-${this.#sent + i}\n`).join('');
    const name = `file${String(this.#files++).padStart(5, '0')}`;
    writeFileSync(path.join(this.directory, `${name}.tmp`), lines);
    renameSync(path.join(this.directory, `${name}.tmp`), path.join(this.directory, 'in', `${name}.txt`));
    this.#sent += count;
  }

  get sent(): number {
    return this.#sent;
  }

  /** @param killAt a point and its count, e.g. 'cut:2' */
  startJob(killAt?: string): CliProcess {
    const { level, receiver, ids, slowMs = 0, checkpointDir = path.join(this.directory, 'checkpoint') } = this.options;
    const flags = ['--json', '--reliability', level, '--checkpoint-dir', checkpointDir];
    this.job = startCli(['run', JOB, ...flags], {
      OUT: path.join(this.directory, 'out'),
      RECEIVER: receiver,
      PORT: String(this.#jobPort),
      IDS: ids ? 'yes' : '',
      SLOW_MS: String(slowMs),
      ...(killAt === undefined ? {} : { KILL_AT: killAt, NODE_OPTIONS: `--import ${KILL_AT}` }),
    });
    return this.job;
  }

  startAgent(): CliProcess {
    this.agent = startCli(['agent', '-n', 'a1', '-f', path.join(this.directory, 'agent.conf')], {});
    return this.agent;
  }

  /** Bodies in the output that is appended to. */
  arrived(): Set<string> {
    return new Set(this.#lines().map(([body]) => body ?? ''));
  }

  /** Waits until all that was sent has arrived and nothing more comes. @returns whether it has, within the limit */
  async drained(limitMs = 60_000): Promise<boolean> {
    const limit = Date.now() + limitMs;
    while (this.arrived().size < this.#sent) {
      if (Date.now() > limit) return false;
      await pause(100);
    }
    // What would come twice has still to come: the agent's channels must be empty, and the job idle, for a while.
    for (let before = -1, quiet = 0; quiet < 10 && Date.now() < limit; ) {
      const now = this.#lines().length;
      quiet = now === before ? quiet + 1 : 0;
      before = now;
      await pause(100);
    }
    return true;
  }

  async close(): Promise<Tally> {
    this.job?.child.kill('SIGINT');
    await this.job?.ended;
    this.agent?.child.kill('SIGTERM');
    await this.agent?.ended;
    const tally = this.tally();
    if (process.env['KEEP_SCENES'] === undefined) rmSync(this.directory, { recursive: true, force: true });
    return tally;
  }

  tally(): Tally {
    const appended = this.#lines();
    const saved = this.#saved();
    const savedBodies = new Set(saved.map(([body]) => body));
    const inBoth = new Set(appended.map(([body]) => body).filter((body) => savedBodies.has(body)));
    const ids = (lines: readonly string[][]): string[] =>
      lines.map(([body, id]) => (id === 'undefined' ? body : id) ?? '');
    const savedIds = ids(saved);
    const distinct = new Set([...ids(appended), ...savedIds]);
    const inSaved = new Set(savedIds);
    const file = path.join(this.directory, 'out', 'total');
    return {
      sent: this.#sent,
      lost: this.#sent - inBoth.size,
      duplicated: appended.length - new Set(appended.map(([body]) => body)).size,
      duplicatedExactlyOnce: savedIds.length - inSaved.size,
      missingExactlyOnce: [...distinct].filter((id) => !inSaved.has(id)).length,
      total: existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0,
      distinct: distinct.size,
    };
  }

  #lines(): string[][] {
    const file = path.join(this.directory, 'out', 'at-least-once');
    if (!existsSync(file)) return [];
    const text = readFileSync(file, 'utf8');
    return text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(' '));
  }

  #saved(): string[][] {
    const directory = path.join(this.directory, 'out', 'exactly-once');
    return readdirSync(directory)
      .filter((name) => !name.startsWith('.'))
      .flatMap((name) => {
        const batch = path.join(directory, name);
        return readdirSync(batch)
          .filter((part) => part.startsWith('part-'))
          .flatMap((part) => readFileSync(path.join(batch, part), 'utf8').split('\n'));
      })
      .filter((line) => line !== '')
      .map((line) => line.split(' '));
  }

  #conf(): string {
    const { level, receiver } = this.options;
    const place = (name: string): string => path.join(this.directory, name);
    const sink =
      receiver === 'pull'
        ? ['type = spark', 'hostname = 127.0.0.1', `port = ${this.#agentPort}`, 'timeout = 2']
        : ['type = avro', 'hostname = 127.0.0.1', `port = ${this.#agentPort}`, 'batch-size = 50'].concat([
            'request-timeout = 2000',
            'connect-timeout = 1000',
          ]);
    const channel =
      level === 'end-to-end'
        ? ['type = file', `checkpointDir = ${place('channel/c')}`, `dataDirs = ${place('channel/d')}`]
        : ['type = memory', 'capacity = 10000'];
    return [
      'a1.sources = r1',
      'a1.channels = c1',
      'a1.sinks = k1',
      `a1.reliability = ${level}`,
      ...(level === 'store-on-failure'
        ? [`a1.reliability.directory = ${place('spill')}`, 'a1.reliability.backoff = 200']
        : []),
      'a1.sources.r1.type = spooldir',
      `a1.sources.r1.spoolDir = ${place('in')}`,
      'a1.sources.r1.batchSize = 50',
      'a1.sources.r1.channels = c1',
      'a1.sources.r1.interceptors = i1',
      'a1.sources.r1.interceptors.i1.type = uuid',
      ...channel.map((line) => `a1.channels.c1.${line}`),
      'a1.channels.c1.transactionCapacity = 1000',
      ...sink.map((line) => `a1.sinks.k1.${line}`),
      'a1.sinks.k1.channel = c1',
      '',
    ].join('\n');
  }
}

/** Waits for other processes leave them the processor. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Open files of a process, and its memory in bytes. */
export function resources(pid: number): { readonly files: number; readonly memory: number } {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return { files: readdirSync(`/proc/${pid}/fd`).length, memory: pages * 4096 };
}

/** What a directory takes on disk, in bytes. */
export function diskOf(directory: string): number {
  return Number(spawnSync('du', ['-sb', directory], { encoding: 'utf8' }).stdout.split('\t')[0]);
}
