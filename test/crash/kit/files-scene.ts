/**
 * One scenario of a source that reads files: an agent in a process of its own (the source, a file channel, a file_roll sink), which is
 * killed and started as the scenario says; then every line is counted by its id, and by the id that the source gave to its event: so
 * what the source has read twice is told from what the sink has written twice.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, type TestContext } from 'vitest';
import { type CliProcess, startModule } from '../../kit/cli.ts';

const AGENT = fileURLToPath(new URL('./agent.ts', import.meta.url));
const preload = (name: string): string => new URL(`../${name}`, import.meta.url).href;

/** Lines of a transaction of the source. */
export const BATCH = 10;

/** Where a process is to be killed: at a call of the file system, see kill-at-file.mjs, or at a point of the agent, e.g. 'put-synced:2'. */
export type KillPoint =
  | string
  | {
      readonly call: string;
      /** A regular expression. */
      readonly path: string;
      readonly when: 'before' | 'half' | 'after';
      /** From 1. */
      readonly nth: number;
    };

export interface FilesSceneOptions {
  /** Of the source, without its type: `KEY = VALUE`. @param directory the scene's */
  readonly source: (directory: string) => readonly string[];
  /** Where the channel is. Default: in the scene's directory. */
  readonly channelDir?: string;
}

/** What has arrived of one file: the numbers of its lines in the order in which the source has put them. */
type Arrived = ReadonlyMap<string, readonly number[]>;

export class FilesScene {
  readonly directory: string = mkdtempSync(path.join(tmpdir(), 'streamjob-files-'));
  /** How many lines each file was given, by its id. */
  readonly #given = new Map<string, number>();
  #kills = 0;
  agent: CliProcess | undefined;

  /** @param test the scene's; at its end the scene is removed */
  constructor(test: Pick<TestContext, 'onTestFinished'>, options: FilesSceneOptions) {
    const { source, channelDir = path.join(this.directory, 'channel') } = options;
    mkdirSync(path.join(this.directory, 'in'));
    const lines = [
      ...['a1.sources = r1', 'a1.channels = c1', 'a1.sinks = k1'],
      ...[...source(this.directory), `batchSize = ${BATCH}`, 'channels = c1'].map((line) => `a1.sources.r1.${line}`),
      ...['interceptors = i1', 'interceptors.i1.type = uuid'].map((line) => `a1.sources.r1.${line}`),
      ...['type = file', `checkpointDir = ${channelDir}/checkpoint`, `dataDirs = ${channelDir}/data`].map(
        (line) => `a1.channels.c1.${line}`,
      ),
      'a1.channels.c1.minimumRequiredSpace = 1048576',
      ...['type = file_roll', 'channel = c1', `sink.directory = ${this.directory}/out`, 'sink.rollInterval = 0'].map(
        (line) => `a1.sinks.k1.${line}`,
      ),
      'a1.sinks.k1.sink.serializer = header_and_text',
    ];
    writeFileSync(this.#conf, `${lines.join('\n')}\n`);
    test.onTestFinished(() => this.#remove());
  }

  get #conf(): string {
    return path.join(this.directory, 'agent.conf');
  }

  /** A path in the directory that the source reads. */
  path(name: string): string {
    return path.join(this.directory, 'in', name);
  }

  /** The next `count` lines of a file, which say which they are. */
  lines(id: string, count: number): string {
    const first = this.#given.get(id) ?? 0;
    this.#given.set(id, first + count);
    return Array.from({ length: count }, (_, i) => `${id}/${first + i}\n`).join('');
  }

  /** Starts the agent. @param drain whether it ends when all is read and delivered */
  start({ killAt, drain = false }: { readonly killAt?: KillPoint; readonly drain?: boolean } = {}): CliProcess {
    this.agent = startModule(AGENT, drain ? [this.#conf, 'drain'] : [this.#conf], envOf(killAt));
    return this.agent;
  }

  /** A life of the agent that is to end at a point. */
  async dieAt(killAt: KillPoint): Promise<void> {
    await this.killed(this.start({ killAt, drain: true }), JSON.stringify(killAt));
  }

  /** Waits for the end of an agent that is to be killed at a point. @param at the point, for people */
  async killed(agent: CliProcess, at = ''): Promise<void> {
    const { stderr } = await agent.ended;
    expect(agent.child.signalCode, `${at} it said:\n${stderr}`).toBe('SIGKILL');
    this.#kills++;
  }

  /** Kills the agent that runs. */
  async kill(): Promise<void> {
    this.agent?.child.kill('SIGKILL');
    await this.agent?.ended;
    this.#kills++;
  }

  /** A life of the agent that ends when all is read and delivered. */
  async toTheEnd(): Promise<void> {
    await this.ended(this.start({ drain: true }));
  }

  /** Waits for the end of an agent that ends by itself. */
  async ended(agent: CliProcess): Promise<void> {
    const { code, stderr } = await agent.ended;
    expect(code, stderr).toBe(0);
  }

  /**
   * Whether nothing was lost: all lines of all files are there. In each file they came in its order, but that after a kill up to
   * `again` lines came again, in their order too.
   * @param again the most lines that one kill may repeat: those of one transaction
   * @returns how many lines came again
   */
  expectKept(again = BATCH): number {
    const arrived = this.arrived();
    expect([...arrived.keys()].filter((id) => !this.#given.has(id))).toEqual([]);
    let repeats = 0;
    for (const [id, count] of this.#given) {
      const numbers = arrived.get(id) ?? [];
      const there = new Set(numbers);
      expect(Array.from({ length: count }, (_, i) => i).filter((i) => !there.has(i))).toEqual([]);
      repeats += numbers.length - count;
      let next = 0;
      for (const number of numbers) {
        expect(number, `line of ${id} behind ${next - 1}`).toBeLessThanOrEqual(next);
        expect(number, `line of ${id} behind ${next - 1}`).toBeGreaterThanOrEqual(next - again);
        next = number + 1;
      }
    }
    expect(repeats).toBeLessThanOrEqual(this.#kills * again);
    return repeats;
  }

  /** How many lines were given to files. */
  get given(): number {
    return [...this.#given.values()].reduce((sum, count) => sum + count, 0);
  }

  /** How many lines have arrived, each counted once. */
  get count(): number {
    return [...this.arrived().values()].reduce((sum, numbers) => sum + new Set(numbers).size, 0);
  }

  /** What the source has put, without what only the sink wrote again. */
  arrived(): Arrived {
    const all = new Map<string, number[]>();
    const seen = new Set<string>();
    for (const line of this.#written()) {
      const [, event = '', id = '', number = ''] = /^\{id=([0-9a-f-]+)\} (.+)\/(\d+)$/.exec(line) ?? [];
      if (event === '') throw new Error(`no line of this scene: ${line}`);
      if (seen.has(event)) continue;
      seen.add(event);
      all.set(id, [...(all.get(id) ?? []), Number(number)]);
    }
    return all;
  }

  /** Whole lines of the sink's files, in the order in which they were written. */
  #written(): string[] {
    const out = path.join(this.directory, 'out');
    const names = existsSync(out) ? readdirSync(out) : [];
    const numbers = (name: string): number[] => name.split('-').map(Number);
    const [time, number] = [0, 1] as const;
    names.sort((a, b) => {
      const [one, other] = [numbers(a), numbers(b)];
      return (one[time] ?? 0) - (other[time] ?? 0) || (one[number] ?? 0) - (other[number] ?? 0);
    });
    return names.flatMap((name) => readFileSync(path.join(out, name), 'utf8').split('\n').slice(0, -1));
  }

  async #remove(): Promise<void> {
    this.agent?.child.kill('SIGKILL');
    await this.agent?.ended;
    if (process.env['KEEP_SCENES'] === undefined) rmSync(this.directory, { recursive: true, force: true });
  }
}

function envOf(killAt: KillPoint | undefined): Record<string, string> {
  if (killAt === undefined) return {};
  return typeof killAt === 'string'
    ? { KILL_AT: killAt, NODE_OPTIONS: `--import ${preload('kill-at.mjs')}` }
    : { KILL_AT_FILE: JSON.stringify(killAt), NODE_OPTIONS: `--import ${preload('kill-at-file.mjs')}` };
}
