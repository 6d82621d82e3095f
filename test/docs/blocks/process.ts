/** Processes that blocks run in: each in a group of its own, so that nothing of it outlives its page, and none for longer than two minutes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { freePort, isListening } from '../../kit/ports.ts';

const LONGEST_MS = 120_000;
const LONGEST_WAIT_MS = 30_000;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that runs. */
export class Running {
  stdout = '';
  stderr = '';
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;

  constructor(command: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>>) {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    const timer = setTimeout(() => this.signal('SIGKILL'), LONGEST_MS);
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        clearTimeout(timer);
        resolve({ code, stdout: this.stdout, stderr: this.stderr });
      });
    });
    // Who does not wait for the end is not told of a command that is not there: its output never comes.
    this.ended.catch(() => {});
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** To the process and to all that it has started. */
  signal(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch {
      // All of them have ended.
    }
  }

  /** Waits for a condition while the process runs, half a minute at most. @returns whether it came */
  async until(condition: () => boolean | Promise<boolean>): Promise<boolean> {
    const end = Date.now() + LONGEST_WAIT_MS;
    while (Date.now() < end) {
      const over = !this.running;
      if (await condition()) return true;
      if (over) return false;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return false;
  }

  listening(port: number): Promise<boolean> {
    return this.until(() => isListening(port));
  }
}

/** Ports that the documentation names. On a machine that runs other tests they may be taken: each page has others instead. */
const SHOWN = [41414, 41415, 41416, 4040, 9999, 44444];

/** The ports of a page, in code and in what is written. */
export class Ports {
  readonly #pairs: readonly (readonly [shown: number, real: number])[];

  private constructor(pairs: readonly (readonly [number, number])[]) {
    this.#pairs = pairs;
  }

  static async make(): Promise<Ports> {
    return new Ports(await Promise.all(SHOWN.map(async (shown) => [shown, await freePort()] as const)));
  }

  /** Code of a page as it is run. */
  inCode(code: string): string {
    return this.#pairs.reduce(
      (text, [shown, real]) => text.replace(new RegExp(`\\b${shown}\\b`, 'g'), `${real}`),
      code,
    );
  }

  /** What was written, as the page shows it. */
  asShown(text: string): string {
    return this.#pairs.reduce((all, [shown, real]) => all.replace(new RegExp(`\\b${real}\\b`, 'g'), `${shown}`), text);
  }
}
