/** The command line as the first process of a container: in a space of process ids of its own, where its id is 1. Wants Linux and root. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** The process that waits for the first one and ends as it does. */
export interface FirstProcess {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  /** Sends a signal to the first process, as `docker stop` does. */
  readonly signal: (signal: NodeJS.Signals) => void;
}

/** Starts the command line from its sources. */
export function spawnFirst(args: readonly string[], cwd: string): FirstProcess {
  const loader = ['--conditions=streamjob-source', '--import', import.meta.resolve('tsx')];
  const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
  const space = ['--pid', '--fork', '--kill-child', process.execPath];
  const child = spawn('unshare', [...space, ...loader, cli, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const signal = (name: NodeJS.Signals): void => {
    const [first] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ');
    process.kill(Number(first), name);
  };
  return { child, signal };
}
