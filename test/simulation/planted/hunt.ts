/** Runs seeds in a copy of the code with a bug in it, in a process of their own, until a promise is broken. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import type { Verdict } from '../world/verdict.ts';
import { type Bug, ROOT, withBug } from './bug.ts';

/** What became of the seeds. */
export interface Found {
  /** The first seed that broke a promise; undefined: none did. */
  readonly seed: number | undefined;
  /** Which promise; `hang`: the seed did not end; `end`: it took the process with it. */
  readonly promise: string | undefined;
  readonly what: string | undefined;
}

/** A seed takes a tenth of a second: one that takes longer than this turns in a circle, in ms. */
const HANGS_AFTER_MS = 90_000;
const COPIED = ['src', 'test/simulation'];
const LINKED = ['node_modules', 'package.json', 'tsconfig.json'];

/** @param bug undefined: the code as it is @param seeds how many at most, from seed 1 */
export async function hunt(bug: Bug | undefined, seeds: number): Promise<Found> {
  const copy = mkdtempSync(path.join(tmpdir(), 'streamjob-planted-'));
  try {
    for (const each of COPIED) cpSync(path.join(ROOT, each), path.join(copy, each), { recursive: true });
    for (const each of LINKED) symlinkSync(path.join(ROOT, each), path.join(copy, each));
    if (bug !== undefined) writeFileSync(path.join(copy, 'src', bug.file), withBug(bug));
    return await runSeeds(copy, seeds);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

async function runSeeds(directory: string, seeds: number): Promise<Found> {
  const program = ['--conditions=streamjob-source', '--import', 'tsx', 'test/simulation/simulate.ts'];
  const child = spawn(process.execPath, [...program, '--until-failure', '--seeds', `${seeds}`], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let errors = '';
  child.stderr.on('data', (data: Buffer) => {
    errors = (errors + data.toString('utf8')).slice(-2000);
  });
  const watch = new HangWatch(child);
  let last: Verdict | undefined;
  for await (const line of readline.createInterface({ input: child.stdout })) {
    watch.heard();
    if (line.startsWith('{')) last = JSON.parse(line) as Verdict;
  }
  await ended;
  watch.end();
  if (last?.promise !== undefined) return last;
  const next = (last?.seed ?? 0) + 1;
  if (watch.hangs) return { seed: next, promise: 'hang', what: `seed ${next} does not end` };
  if (next <= seeds) return { seed: next, promise: 'end', what: errors };
  return { seed: undefined, promise: undefined, what: undefined };
}

/** Ends a process that says nothing for too long. */
class HangWatch {
  readonly #child: ChildProcess;
  #timer: NodeJS.Timeout | undefined;
  hangs = false;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.heard();
  }

  /** It has said something. */
  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.hangs = true;
      this.#child.kill('SIGKILL');
    }, HANGS_AFTER_MS);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
