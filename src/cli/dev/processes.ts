/** The processes of `streamjob dev`: the job as it runs, and the check of what it is to become. Each is this command line once more. */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { after } from '../../core/machine.ts';
import { moduleUrl } from '../../core/module-url.ts';

/** How long a job may take to commit what it has received before it is stopped at once, in ms. */
const GRACE_MS = 15_000;

/**
 * Ends a process when the one that has started it is gone, however that ended: the channel between them closes then. Node loads this into
 * the process before anything else; the channel does not hold the process.
 */
const ENDS_WITH_PARENT = `data:text/javascript,${encodeURIComponent(
  "if (process.channel) { process.once('disconnect', () => process.kill(process.pid, 'SIGTERM')); process.channel.unref(); }",
)}`;

/** A job that runs. */
export class RunningJob {
  readonly #child: ChildProcess;
  /** The exit code, as a shell gives it. */
  readonly ended: Promise<number>;
  #isStopping = false;

  /** @param words those behind `run` @param inspect flags of Node */
  constructor(words: readonly string[], inspect: readonly string[]) {
    this.#child = start(['run', '--dev', ...words], inspect, 'inherit');
    this.ended = endOf(this.#child);
  }

  /** Whether somebody has asked it to stop. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Stops it in order; at once when that takes too long. Resolves with its exit code. */
  async stop(): Promise<number> {
    if (!this.#isStopping) this.#child.kill('SIGINT');
    this.#isStopping = true;
    const end = after(GRACE_MS, () => this.#child.kill('SIGINT'));
    return await this.ended.finally(end);
  }
}

/** What a check has found. */
export interface Checked {
  readonly isRight: boolean;
  /** What was said. */
  readonly text: string;
  /** The flume.conf of the job, as far as the check came. */
  readonly conf: string | undefined;
  /** The user's modules that it names. */
  readonly own: readonly string[];
}

/** Checks a job in a process of its own: what it does while it is loaded, it does there. @param signal ends it */
export async function checkApart(words: readonly string[], signal: AbortSignal): Promise<Checked> {
  const child = start(['dev-check', ...words], [], 'pipe');
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  let text = '';
  let conf: string | undefined;
  let own: readonly string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  }
  child.on('message', (message) => {
    const told = message as CheckMessage;
    conf = told.conf ?? conf;
    own = told.own ?? own;
  });
  const code = await endOf(child);
  signal.removeEventListener('abort', kill);
  return { isRight: code === 0, text, conf, own };
}

/** What the process of a check sends. */
export interface CheckMessage {
  readonly conf?: string | undefined;
  readonly own?: readonly string[];
}

/** In a group of its own: Ctrl+C of the terminal is for who has started it, who then stops it once. */
function start(words: readonly string[], inspect: readonly string[], output: 'inherit' | 'pipe'): ChildProcess {
  const own = process.execArgv.filter((flag) => !flag.startsWith('--inspect'));
  const node = [...own, ...inspect, '--import', ENDS_WITH_PARENT, fileURLToPath(moduleUrl('cli'))];
  return spawn(process.execPath, [...node, ...words], {
    stdio: ['ignore', output, output, 'ipc'],
    detached: true,
  });
}

function endOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}
