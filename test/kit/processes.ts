/** Processes of this machine, found by their command lines. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** The ids of processes whose command line, with blanks between its words, has `text` in it; processes that have ended do not count. */
export function processesWith(text: string): number[] {
  return processes((line) => line.includes(text));
}

/** The ids of processes that run just this command, with blanks between its words: not of those that only speak of it. */
export function processesOf(command: string): number[] {
  return processes((line) => line.trim() === command);
}

function processes(are: (line: string) => boolean): number[] {
  if (existsSync('/proc/self/cmdline')) {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && are(commandLine(name)))
      .map(Number);
  }
  const listed = execFileSync('ps', ['-axo', 'pid=,command='], { encoding: 'utf8' }).split('\n');
  return listed.flatMap((line) => {
    const [, pid = '', command = ''] = /^\s*(\d+) (.*)$/.exec(line) ?? [];
    return pid !== '' && are(command) ? [Number(pid)] : [];
  });
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** Whether there is a process of that id. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
