/**
 * The command of an exec source as a process. It never outlives the agent, also when the agent is killed with -9 and can do nothing
 * about it any more: beside the command, in its process group, a small shell waits at a pipe whose other end only the agent has. The
 * kernel closes that end however the agent ends; the shell then ends the whole group, with SIGTERM and two seconds later with SIGKILL.
 * What has left the group by itself (`setsid`) is out of reach. Without /bin/sh (Windows) the command is started alone.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { StreamjobError } from '../../../core/errors.ts';
import { fsSync } from '../../../core/machine.ts';

const SHELL = '/bin/sh';

/** Reads the pipe: a line says that the command has ended by itself, the end of the pipe that the agent is gone. */
const WATCH = 'read -r line || { kill -TERM 0; sleep 2; kill -KILL 0; }';

/**
 * Starts the watching shell (in a subshell that ends at once, so that the command has no child it does not know of), then becomes the
 * command, which so has the process id, the exit code and the signals for itself.
 */
const START = `watch=$1; shift
( trap "" HUP INT TERM; ${SHELL} -c "$watch" streamjob-exec-watch <&3 3<&- >/dev/null 2>&1 & )
exec 3<&-
exec "$@"`;

/** A running command. */
export class Command {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** The exit code or the signal that ended it; rejects when it could not be started. */
  readonly exited: Promise<number | string>;
  readonly #child: ChildProcess;
  readonly #pipe: Duplex | undefined;

  private constructor(child: ChildProcess, stdout: Readable, stderr: Readable, pipe: Duplex | undefined) {
    this.#child = child;
    this.stdout = stdout;
    this.stderr = stderr;
    this.#pipe = pipe;
    // The shell at the other end may be gone before what is written to it is read.
    pipe?.on('error', () => {});
    pipe?.resume();
    this.exited = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    });
    // Whoever waits for it gets the error; until then it must not count as unhandled.
    this.exited.catch(() => {});
  }

  /** @throws StreamjobError FILE_NOT_FOUND when there is no such program */
  static start(program: string, args: readonly string[]): Command {
    const watched = process.platform !== 'win32' && fsSync.existsSync(SHELL);
    if (watched) requireProgram(program);
    const [file, all] = watched
      ? [SHELL, ['-c', START, SHELL, WATCH, program, ...args]]
      : ([program, [...args]] as const);
    const child = spawn(file, all, {
      stdio: watched ? ['ignore', 'pipe', 'pipe', 'pipe'] : ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that a shell's children end with it, and Ctrl+C reaches the agent only.
      detached: process.platform !== 'win32',
    });
    const { stdout, stderr, stdio } = child;
    if (stdout === null || stderr === null) throw notFound(program);
    return new Command(child, stdout, stderr, watched ? (stdio[3] as Duplex | undefined) : undefined);
  }

  /** It has ended by itself, and so has its output: what it has started and left running is not the agent's. */
  release(): void {
    this.#pipe?.end('\n');
  }

  /** Ends it and all that it has started. Resolves when it has ended. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      try {
        process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGTERM');
      } catch {
        // It ended in the meantime.
      }
    }
    // What is left of the group, as it ignores SIGTERM or as the command itself had ended before, the watching shell ends.
    this.#pipe?.destroy();
    // One that has left the group may keep these pipes open.
    this.stdout.destroy();
    this.stderr.destroy();
    await this.exited.catch(() => {});
  }
}

/** The watching shell would only exit with 127, as a command may do by itself. */
function requireProgram(program: string): void {
  const places = program.includes('/')
    ? [program]
    : (process.env['PATH'] ?? '/usr/bin:/bin').split(':').map((directory) => path.join(directory, program));
  if (!places.some(isProgram)) throw notFound(program);
}

function isProgram(file: string): boolean {
  try {
    fsSync.accessSync(file, fsSync.constants.X_OK);
    return fsSync.statSync(file).isFile();
  } catch {
    return false;
  }
}

function notFound(program: string): StreamjobError {
  return new StreamjobError('FILE_NOT_FOUND', `there is no program ${program}`, {
    hint: 'give the path of the program, or set shell = /bin/sh -c for a command in the language of a shell',
  });
}
