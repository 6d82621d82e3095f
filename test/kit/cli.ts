/** Runs the command line from its sources in a process of its own. */
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running command. */
export interface CliProcess {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<CliResult>;
}

export function startCli(args: readonly string[], env: Record<string, string> = {}, cwd = ROOT): CliProcess {
  return startModule(fileURLToPath(new URL('../../src/cli.ts', import.meta.url)), args, env, cwd);
}

/** Runs a module from its source. */
export function startModule(
  module: string,
  args: readonly string[],
  env: Record<string, string> = {},
  cwd = ROOT,
): CliProcess {
  // By its address: the working directory may have no packages.
  const loader = ['--conditions=streamjob-source', '--import', import.meta.resolve('tsx'), module];
  const child = spawn(process.execPath, [...loader, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return watched(child);
}

/** Collects what a process says. */
export function watched(child: ChildProcessByStdio<Writable | null, Readable, Readable>): CliProcess {
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<CliResult>((resolve) =>
    child.once('close', (code, signal) => resolve({ code: code ?? codeOf(signal), stdout, stderr })),
  );
  return { child, ended, stdout: () => stdout, stderr: () => stderr };
}

/** What a shell gives for a process that a signal has ended. */
function codeOf(signal: NodeJS.Signals | null): number | null {
  return signal === null ? null : 128 + constants.signals[signal];
}

export function runCli(args: readonly string[], env: Record<string, string> = {}, cwd = ROOT): Promise<CliResult> {
  return startCli(args, env, cwd).ended;
}
