/**
 * What is on stage: processes, contexts, a working directory. All of it goes when the scene ends, however it ends. Knows nothing of vitest: the
 * benchmark uses it too.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Logger } from '../../../src/core/log.ts';
import { Scope } from '../../../src/core/scope.ts';
import { collectingLogger, type LoggedLine } from '../../kit/log.ts';
import { LIVES_WITH_ITS_PARENT } from './lives-with-its-parent.ts';
import { until } from './until.ts';

const KEPT_LINES = 300;

/** How to start a process. */
export interface Start {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A process on stage. */
export class Actor {
  readonly name: string;
  /** Its stdout, line by line. */
  readonly stdout: string[] = [];
  readonly #log: string[] = [];
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<void>;
  #exit: string | undefined;
  #dismissed = false;

  constructor(name: string, { command, args, env }: Start, cwd: string) {
    this.name = name;
    this.#child = spawn('sh', ['-c', LIVES_WITH_ITS_PARENT, 'sh', command, ...args], {
      cwd,
      env: { ...process.env, ...env },
      // A group of its own: what it starts ends with it.
      detached: true,
      stdio: 'pipe',
    });
    this.#ended = new Promise((resolve) => {
      this.#child.on('error', (error) => this.#note(`could not start: ${error.message}`));
      // The watcher has nothing left to watch.
      this.#child.on('exit', () => this.#child.stdin.destroy());
      this.#child.on('close', (code, signal) => {
        this.#exit = signal ?? `exit code ${code}`;
        resolve();
      });
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        if (stream === this.#child.stdout) this.stdout.push(line);
        this.#note(line);
      });
    }
  }

  /** Whether it has ended, how, and what it said; undefined while it runs. */
  get exit(): string | undefined {
    return this.#exit;
  }

  /** Its process id, and that of its process group. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The last lines that it wrote. */
  get log(): readonly string[] {
    return this.#log;
  }

  /** Ended without being asked to. */
  get vanished(): boolean {
    return this.#exit !== undefined && !this.#dismissed;
  }

  /** SIGKILL, and the wait until it is gone. */
  async kill(): Promise<void> {
    this.#dismissed = true;
    this.#signal();
    await this.#ended;
  }

  /** The wait for its own end. @throws when that is not exit code 0 */
  async finish(): Promise<void> {
    this.#dismissed = true;
    await until(() => this.#exit !== undefined, `${this.name} has ended`);
    if (this.#exit !== 'exit code 0') throw new Error(`${this.name} ended with ${this.#exit}`);
  }

  /** The wait for its own end, however that comes. @returns how it came, e.g. 'SIGKILL' */
  async end(): Promise<string> {
    this.#dismissed = true;
    await this.#ended;
    return this.#exit ?? '';
  }

  #signal(): void {
    if (this.#exit !== undefined || this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      // It ended between the look and the kill.
    }
  }

  #note(line: string): void {
    this.#log.push(line);
    if (this.#log.length > KEPT_LINES) this.#log.shift();
  }
}

/** See the file's head. */
export class Scene {
  /** Empty at the start; gone at the end. */
  readonly directory: string = mkdtempSync(path.join(tmpdir(), 'streamjob-interop-'));
  readonly #scope = new Scope();
  readonly #actors: Actor[] = [];
  readonly #logged: LoggedLine[] = [];
  /** For what runs in this process. */
  readonly log: Logger = collectingLogger(this.#logged).log;

  constructor() {
    this.#scope.defer(() => rmSync(this.directory, { recursive: true, force: true }));
  }

  /** Starts a process that ends with the scene. */
  start(name: string, start: Start): Actor {
    const actor = new Actor(name, start, this.directory);
    this.#actors.push(actor);
    this.#scope.defer(() => actor.kill());
    return actor;
  }

  /** Something else to be ended with the scene. */
  defer(closer: () => void | Promise<void>): void {
    this.#scope.defer(closer);
  }

  /** `until`, but not longer than all processes of the scene live. */
  until<T>(condition: () => T | Promise<T>, what: string): Promise<Exclude<T, false | undefined>> {
    return until(() => {
      const gone = this.#actors.find((actor) => actor.vanished);
      if (gone !== undefined) throw new Error(`${gone.name} ended (${gone.exit}) while the test waited until ${what}`);
      return condition();
    }, what);
  }

  close(): Promise<void> {
    return this.#scope.close();
  }

  /** What all said last. */
  report(): string {
    const own = this.#logged.slice(-KEPT_LINES).map(({ level, message }) => `${level} ${message}\n`);
    const others = this.#actors.map(
      (actor) => `--- ${actor.name} (${actor.exit ?? 'running'})\n${actor.log.join('\n')}\n`,
    );
    return [...others, '--- this process\n', ...own].join('');
  }
}
