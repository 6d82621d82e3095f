/** The job that counts (counting-job.ts) on a cluster, and whoever sends events to it. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { RpcClient } from '../../../src/agent.ts';
import type { Actor, Scene } from '../../interop/kit/scene.ts';
import { startStreamjob } from '../../interop/kit/streamjob.ts';
import { freePort } from '../../kit/ports.ts';

const JOB = path.join(import.meta.dirname, 'counting-job.ts');
const OF_REQUEST = 50;

/** See the file's head. */
export class Counting {
  readonly #scene: Scene;
  readonly #master: string;
  readonly #storage: string | undefined;
  readonly #files: { readonly sum: string; readonly slow: string; readonly trap: string; readonly checkpoint: string };
  readonly #env: Readonly<Record<string, string>>;
  #port: number | undefined;
  #job: Actor | undefined;
  #sent = 0;

  /** Starts with the first event. @param master of the cluster @param storage for data and states; undefined: they are the driver's @param env what it and the executors need to get there */
  constructor(scene: Scene, master: string, storage?: string, env: Readonly<Record<string, string>> = {}) {
    this.#env = env;
    this.#scene = scene;
    this.#master = master;
    this.#storage = storage;
    const file = (name: string): string => path.join(scene.directory, name);
    this.#files = { sum: file('sum'), slow: file('slow'), trap: file('trap'), checkpoint: file('checkpoint') };
  }

  /** What it has said. */
  get log(): readonly string[] {
    return this.#job?.log ?? [];
  }

  /** Sends so many requests of 50 events, one after the other, each until it is acknowledged. */
  async send(requests: number): Promise<void> {
    this.#port ??= await freePort();
    if (this.#job === undefined) this.#start();
    for (let i = 0; i < requests; i++) await this.#sendOne(this.#port);
  }

  /** Waits until all that was sent has been counted, and that is all. */
  async counted(): Promise<void> {
    const { sum } = this.#files;
    const isAll = (): boolean => existsSync(sum) && readFileSync(sum, 'utf8') === String(this.#sent);
    await this.#scene.until(isAll, `${this.#sent} events are counted`);
  }

  /** Lets functions take their time, or not. */
  slow(isSlow: boolean): void {
    if (isSlow) writeFileSync(this.#files.slow, '');
    else rmSync(this.#files.slow, { force: true });
  }

  /** Holds the next attempt of a task. @returns a file that is there while one is held */
  trap(): string {
    writeFileSync(this.#files.trap, '');
    return `${this.#files.trap}.held`;
  }

  /** Lets the attempt that is held go on. */
  release(): void {
    rmSync(`${this.#files.trap}.held`, { force: true });
  }

  /** Kills the driver, and starts it again. */
  async killAndStart(): Promise<void> {
    await this.#job?.kill();
    this.#start();
  }

  #start(): void {
    const { checkpoint, slow, sum, trap } = this.#files;
    const flags = [
      ...['--engine', 'spark', '--master', this.#master, '--parallelism', '2', '--no-ui'],
      ...['--executor-env', ['SPARK_JOB_SLOW', 'SPARK_JOB_TRAP', ...Object.keys(this.#env)].join(',')],
      ...['--checkpoint-dir', checkpoint],
      ...(this.#storage === undefined ? [] : ['--storage', this.#storage]),
    ];
    const env = { SPARK_JOB_PORT: `${this.#port}`, SPARK_JOB_SUM: sum, SPARK_JOB_SLOW: slow, SPARK_JOB_TRAP: trap };
    this.#job = startStreamjob(this.#scene, ['run', JOB, ...flags], { ...env, ...this.#env });
  }

  async #sendOne(port: number): Promise<void> {
    const next = (): { headers: { id: string }; body: string } => ({
      headers: { id: String(this.#sent) },
      body: String(this.#sent++),
    });
    const events = Array.from({ length: OF_REQUEST }, next);
    for (;;) {
      try {
        const client = await RpcClient.connect({ hosts: [`127.0.0.1:${port}`], requestTimeout: '60s' });
        try {
          return await client.appendBatch(events);
        } finally {
          await client.close();
        }
      } catch (error) {
        if (this.#job?.vanished === true) throw error;
        // As Flume's sink: what was not acknowledged is sent again, until it is.
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }
}
