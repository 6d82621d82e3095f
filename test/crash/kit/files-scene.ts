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
import { BATCH, filesConf } from './files-conf.ts';
import { arrivedLines, expectLines, GivenLines, inOrder, lostLines } from './line-ids.ts';
import { pause, type SceneOptions } from './scene.ts';
import { record } from './table.ts';

const AGENT = fileURLToPath(new URL('./agent.ts', import.meta.url));
const preload = (name: string): string => new URL(`../${name}`, import.meta.url).href;

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
  /** What happens in it, for the table of all scenarios. */
  readonly fault: string;
  /** Of the source, without its type: `KEY = VALUE`. @param directory the scene's */
  readonly source: (directory: string) => readonly string[];
  /** Where the channel is. Default: in the scene's directory. */
  readonly channelDir?: string;
}

/** A file channel, and no ids by which a job would drop what comes again. */
const LEVEL: SceneOptions = { level: 'end-to-end', ids: false, receiver: 'push' };

export class FilesScene {
  readonly directory: string = mkdtempSync(path.join(tmpdir(), 'streamjob-files-'));
  readonly #given = new GivenLines();
  readonly #fault: string;
  #kills = 0;
  agent: CliProcess | undefined;

  /** @param test the scene's; at its end the scene is removed */
  constructor(test: Pick<TestContext, 'onTestFinished'>, options: FilesSceneOptions) {
    const { fault, source, channelDir = path.join(this.directory, 'channel') } = options;
    this.#fault = fault;
    mkdirSync(path.join(this.directory, 'in'));
    const out = path.join(this.directory, 'out');
    writeFileSync(this.#conf, filesConf({ source: source(this.directory), channelDir, out }));
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
    return this.#given.lines(id, count);
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

  /** Lets the agent that runs come to its end. */
  async stop(): Promise<void> {
    this.agent?.child.kill('SIGTERM');
    if (this.agent !== undefined) await this.ended(this.agent);
  }

  /** A life of the agent that ends when all is read and delivered. */
  async toTheEnd(): Promise<void> {
    await this.ended(this.start({ drain: true }));
  }

  /** Waits until all that was given has arrived. */
  async delivered(): Promise<void> {
    await this.until(() => this.count === this.given);
  }

  /** Waits until a condition holds, and leaves the processor to the agent meanwhile. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await pause(20);
  }

  /** Waits for the end of an agent that ends by itself. */
  async ended(agent: CliProcess): Promise<void> {
    const { code, stderr } = await agent.ended;
    expect(code, stderr).toBe(0);
  }

  /**
   * Checks that nothing was lost, and that each file came in its order, but for what came again after kills.
   * @param again the most lines that one kill may repeat: those of one transaction
   * @returns how many lines came again
   */
  expectKept(again = BATCH): number {
    const arrived = arrivedLines(this.#written());
    const total = [...arrived.values()].reduce((sum, numbers) => sum + numbers.length, 0);
    const distinct = this.count;
    const tally = { total, distinct, duplicated: total - distinct, duplicatedExactlyOnce: 0, missingExactlyOnce: 0 };
    record(LEVEL, this.#fault, { ...tally, sent: this.given, lost: lostLines(this.#given, arrived) });
    const repeats = expectLines(this.#given, arrived, again);
    expect(repeats).toBeLessThanOrEqual(this.#kills * again);
    return repeats;
  }

  /** How many lines were given to files. */
  get given(): number {
    return this.#given.count;
  }

  /** How many lines have arrived, each counted once. */
  get count(): number {
    return [...arrivedLines(this.#written()).values()].reduce((sum, numbers) => sum + new Set(numbers).size, 0);
  }

  /** What is in the sink's files, in the order in which they were written. */
  #written(): string[] {
    const out = path.join(this.directory, 'out');
    const names = existsSync(out) ? readdirSync(out) : [];
    return inOrder(names).map((name) => readFileSync(path.join(out, name), 'utf8'));
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
