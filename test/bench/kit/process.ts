/** Processes under measurement, each a group of its own that ends with the benchmark, however that ends. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { anonymousBytes, cpuSeconds, peakBytes } from './proc.ts';

const KEPT_LINES = 60;
const SAMPLE_MS = 250;

/** Kills the groups that it was told of (+PID) and not told to forget (-PID) when its stdin ends: when the benchmark has gone. */
const REAPER = `
all=' '
while read -r line; do
  case $line in +*) all="$all\${line#+} " ;; -*) p=\${line#-}; all="\${all%% "$p" *} \${all#* "$p" }" ;; esac
done
for p in $all; do kill -KILL -- "-$p" 2>/dev/null; done
`;

let tellReaper = (line: string): void => {
  const reaper = spawn('sh', ['-c', REAPER], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  reaper.stdin.on('error', () => {});
  // It must not keep the benchmark from ending: then it would never begin.
  reaper.unref();
  if (reaper.stdin instanceof Socket) reaper.stdin.unref();
  tellReaper = (next) => void reaper.stdin.write(`${next}\n`);
  tellReaper(line);
};

/** How to start a process. */
export interface Start {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
}

/** See the file's head. */
export class Measured {
  readonly name: string;
  readonly pid: number;
  readonly startedAt: number = performance.now();
  /** Told each line of stdout as it comes. */
  onLine: (line: string) => void = () => {};
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #log: string[] = [];
  readonly #ended: Promise<void>;
  readonly #sampler: NodeJS.Timeout;
  #exit: string | undefined;
  #peak = 0;
  #anonymousPeak = 0;

  constructor(name: string, { command, args, env, cwd }: Start) {
    this.name = name;
    this.#child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      detached: true,
      stdio: 'pipe',
    });
    this.pid = this.#child.pid ?? -1;
    if (this.pid > 0) tellReaper(`+${this.pid}`);
    this.#sampler = setInterval(() => this.#sample(), SAMPLE_MS);
    this.#child.stdin.on('error', () => {});
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.onLine(line));
    createInterface({ input: this.#child.stderr }).on('line', (line) => this.#note(line));
    this.#ended = new Promise((resolve) => {
      this.#child.on('error', (error) => this.#note(`could not start: ${error.message}`));
      this.#child.on('close', (code, signal) => {
        this.#exit = signal ?? `exit code ${code}`;
        clearInterval(this.#sampler);
        if (this.pid > 0) tellReaper(`-${this.pid}`);
        resolve();
      });
    });
  }

  /** How it ended; undefined while it runs. */
  get exit(): string | undefined {
    return this.#exit;
  }

  /** The last lines of stderr. */
  get log(): readonly string[] {
    return this.#log;
  }

  get ended(): Promise<void> {
    return this.#ended;
  }

  /** User and system time so far, in seconds. */
  cpuSeconds(): number {
    return cpuSeconds(this.pid);
  }

  /** The most memory so far, in bytes. */
  peakBytes(): number {
    this.#sample();
    return this.#peak;
  }

  /** The most memory so far that is in no file, by samples, in bytes. */
  anonymousPeakBytes(): number {
    this.#sample();
    return this.#anonymousPeak;
  }

  write(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** Asks it to end, and kills it when it has not after a while. */
  async stop(signal: NodeJS.Signals = 'SIGINT', patienceMs = 5000): Promise<void> {
    this.#signal(signal);
    const timer = setTimeout(() => this.#signal('SIGKILL'), patienceMs);
    await this.#ended;
    clearTimeout(timer);
  }

  async kill(): Promise<void> {
    await this.stop('SIGKILL');
  }

  #sample(): void {
    if (this.#exit !== undefined) return;
    this.#peak = Math.max(this.#peak, peakBytes(this.pid));
    this.#anonymousPeak = Math.max(this.#anonymousPeak, anonymousBytes(this.pid));
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#exit !== undefined || this.pid < 0) return;
    try {
      process.kill(-this.pid, signal);
    } catch {
      // It ended between the look and the signal.
    }
  }

  #note(line: string): void {
    this.#log.push(line);
    if (this.#log.length > KEPT_LINES) this.#log.shift();
  }
}
