/**
 * One scenario: an agent in a process of its own, the job in another, both killed and started as the scenario says; then every
 * event is counted by its body and by its id.
 */
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { type CliProcess, startCli, startModule } from '../../kit/cli.ts';
import { freePort } from '../../kit/ports.ts';
import { agentConf } from './agent-conf.ts';
import { Outputs, type Tally } from './outputs.ts';
import { channelSizeOf, startRealFlume } from './real-flume.ts';

export type Level = 'end-to-end' | 'store-on-failure' | 'best-effort';

export interface SceneOptions {
  readonly level: Level;
  readonly receiver: 'push' | 'pull';
  /** Whether events have ids, by which those that come again are dropped. */
  readonly ids: boolean;
  /** How long the job's first output takes, in ms. */
  readonly slowMs?: number;
  /** And how long it takes for each event. */
  readonly slowEventMs?: number;
  /** Ids that the job remembers at least. */
  readonly remember?: number;
  /** A real Flume of Apache's instead of the embedded agent. */
  readonly realFlume?: boolean;
  /** Events that the agent's channel holds. */
  readonly capacity?: number;
  /** Bytes that each event has besides, which the job leaves out. */
  readonly padding?: number;
  /** Who computes. Default: the inline engine. */
  readonly engine?: 'threads';
  /** Whether the job writes to a database too, out/events.db. */
  readonly database?: boolean;
  /** Where the checkpoint goes. Default: in the scene's directory. */
  readonly checkpointDir?: string;
  /** Where the agent's file channel, or its spill, goes. Default: in the scene's directory. */
  readonly storeDir?: string;
  /** What stands between the agent and the job. @returns the port that the agent sends to */
  readonly between?: (port: number) => Promise<number>;
}

/** What an agent counts, by component. */
export type Counters = Readonly<Record<string, Readonly<Record<string, number>>>>;

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const JOB = file('../job.ts');
const AGENT = file('./agent.ts');
const KILL_AT = new URL('../kill-at.mjs', import.meta.url).href;
const POLL_MS = 50;

/** @param killAt a point and its count, e.g. 'cut:2' */
function killedAt(killAt: string | undefined): Record<string, string> {
  return killAt === undefined ? {} : { KILL_AT: killAt, NODE_OPTIONS: `--import ${KILL_AT}` };
}

/** Scenes of this file that have not come to their end: those of tests that failed. */
const open = new Set<Scene>();
afterAll(async () => {
  for (const scene of open) await scene.abandon();
});

export class Scene {
  readonly directory: string = mkdtempSync(path.join(tmpdir(), 'streamjob-crash-'));
  readonly options: SceneOptions;
  readonly outputs: Outputs;
  readonly #sent: string[] = [];
  #jobPort = 0;
  #monitorPort = 0;
  #files = 0;
  job: CliProcess | undefined;
  agent: CliProcess | undefined;

  constructor(options: SceneOptions) {
    this.options = options;
    open.add(this);
    this.outputs = new Outputs(path.join(this.directory, 'out'));
    for (const name of ['in', 'out/exactly-once']) mkdirSync(path.join(this.directory, name), { recursive: true });
  }

  /** The agent's disk. */
  get storeDir(): string {
    return this.options.storeDir ?? path.join(this.directory, 'store');
  }

  get checkpointDir(): string {
    return this.options.checkpointDir ?? path.join(this.directory, 'checkpoint');
  }

  async open(): Promise<void> {
    this.#jobPort = await freePort();
    this.#monitorPort = await freePort();
    const port = (await this.options.between?.(this.#jobPort)) ?? this.#jobPort;
    const places = { input: path.join(this.directory, 'in'), store: this.storeDir, port };
    writeFileSync(path.join(this.directory, 'agent.conf'), agentConf(this.options, places));
  }

  /** Gives the agent's source a file of `count` lines. */
  send(count: number): void {
    const bodies = Array.from({ length: count }, (_, i) => `event-${this.#sent.length + i}`);
    const name = `file${String(this.#files++).padStart(5, '0')}`;
    const padding = this.options.padding === undefined ? '' : `~${'x'.repeat(this.options.padding - 1)}`;
    writeFileSync(path.join(this.directory, `${name}.tmp`), bodies.map((body) => `${body}${padding}\n`).join(''));
    renameSync(path.join(this.directory, `${name}.tmp`), path.join(this.directory, 'in', `${name}.txt`));
    this.#sent.push(...bodies);
  }

  get sent(): number {
    return this.#sent.length;
  }

  startJob(killAt?: string, slowMs = this.options.slowMs ?? 0): CliProcess {
    const { level, receiver, ids, slowEventMs = 0, remember } = this.options;
    const flags = ['--json', '--reliability', level, '--checkpoint-dir', this.checkpointDir];
    if (this.options.engine !== undefined) flags.push('--engine', this.options.engine, '--parallelism', '2');
    this.job = startCli(['run', JOB, ...flags], {
      OUT: path.join(this.directory, 'out'),
      RECEIVER: receiver,
      PORT: String(this.#jobPort),
      IDS: ids ? 'yes' : '',
      SLOW_MS: String(slowMs),
      SLOW_EVENT_MS: String(slowEventMs),
      DATABASE: this.options.database === true ? path.join(this.directory, 'out', 'events.db') : '',
      ...(remember === undefined ? {} : { REMEMBER: String(remember) }),
      ...killedAt(killAt),
    });
    return this.job;
  }

  startAgent(killAt?: string, env: Readonly<Record<string, string>> = {}): CliProcess {
    const conf = path.join(this.directory, 'agent.conf');
    this.agent =
      this.options.realFlume === true
        ? startRealFlume(conf, this.#monitorPort)
        : startModule(AGENT, [conf], { ...killedAt(killAt), ...env });
    return this.agent;
  }

  /** Bodies in the output that is appended to. */
  arrived(): ReadonlySet<string> {
    return this.outputs.arrived();
  }

  /** What the embedded agent of now counted last. */
  counters(): Counters {
    const text = this.agent?.stdout() ?? '';
    const end = text.lastIndexOf('\n');
    return end < 0 ? {} : (JSON.parse(text.slice(text.lastIndexOf('\n', end - 1) + 1, end)) as Counters);
  }

  /** Events in the embedded agent, in memory and on disk. */
  get held(): number {
    const counters = this.counters();
    const size = counters['CHANNEL.c1']?.['ChannelSize'] ?? Number.POSITIVE_INFINITY;
    return size + (counters['PROCESSOR.k1']?.['SpillSize'] ?? 0);
  }

  /** Whether the source has read all that was sent; what it read is in the channel. */
  get isRead(): boolean {
    return readdirSync(path.join(this.directory, 'in')).every((name) => !name.endsWith('.txt'));
  }

  /**
   * Waits until the agent has read all, and its receiver has told it that all of that has arrived.
   * @throws when that does not come within the limit
   */
  async drained(limitMs = 90_000): Promise<void> {
    const limit = Date.now() + limitMs;
    const all = this.options.level === 'best-effort' ? 0 : this.#sent.length;
    while (this.arrived().size < all || !this.isRead || (await this.#held()) > 0) {
      if (Date.now() > limit) throw new Error(`not drained in ${limitMs} ms: ${await this.#state()}`);
      await pause(POLL_MS);
    }
  }

  /** The same where some were lost from memory: nobody knows how many come. */
  async drainedAgent(): Promise<void> {
    while (!this.isRead || (await this.#held()) > 0) await pause(POLL_MS);
  }

  /** Lets the job, then the agent, come to their end. */
  async stop(): Promise<void> {
    this.job?.child.kill('SIGINT');
    await this.job?.ended;
    this.agent?.child.kill(this.options.realFlume === true ? 'SIGKILL' : 'SIGTERM');
    await this.agent?.ended;
  }

  async close(): Promise<Tally> {
    await this.stop();
    const tally = this.outputs.tally(this.#sent);
    open.delete(this);
    if (process.env['KEEP_SCENES'] === undefined) rmSync(this.directory, { recursive: true, force: true });
    return tally;
  }

  /** Ends the processes at once. */
  async abandon(): Promise<void> {
    for (const each of [this.job, this.agent]) {
      each?.child.kill('SIGKILL');
      await each?.ended;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Events that are in the agent. Nothing is known of one that does not run yet. */
  async #held(): Promise<number> {
    if (this.options.realFlume !== true) return this.held;
    return (await channelSizeOf(this.#monitorPort)) ?? Number.POSITIVE_INFINITY;
  }

  async #state(): Promise<string> {
    const last = (text: string | undefined): string => (text ?? '').split('\n').slice(-8).join('\n');
    return (
      `${this.arrived().size} of ${this.#sent.length} arrived, ${await this.#held()} in the agent, read: ${this.isRead}\n` +
      `the job said:\n${last(this.job?.stderr())}\nthe agent said:\n${last(this.agent?.stderr())}`
    );
  }
}

/** Waits for other processes leave them the processor. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
