/** What Linux knows of process groups: CPU time of all its threads and of children that have ended, and its memory. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Of a second; the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Where there is no /proc, nothing can be measured. */
export const canMeasure: boolean = process.platform === 'linux';

/** Where the numbers are in /proc/PID/stat, behind the name in brackets. */
const FIELD = { group: 2, user: 11, system: 12, childrenUser: 13, childrenSystem: 14 } as const;

interface Member {
  readonly pid: string;
  readonly fields: readonly string[];
}

function processes(): Member[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .map((pid) => {
      const stat = read(`/proc/${pid}/stat`);
      return { pid, fields: stat.slice(stat.lastIndexOf(')') + 2).split(' ') };
    });
}

function members(group: number): Member[] {
  return processes().filter(({ fields }) => Number(fields[FIELD.group]) === group);
}

/** User and system time, in seconds. */
export function cpuSeconds(group: number): number {
  return secondsOf(members(group));
}

/** The same of all processes that work below a directory, of whatever group. */
export function cpuSecondsBelow(directory: string): number {
  return secondsOf(processes().filter(({ pid }) => workingDirectory(pid).startsWith(directory)));
}

function secondsOf(all: readonly Member[]): number {
  let ticks = 0;
  for (const { fields } of all) {
    for (const at of [FIELD.user, FIELD.system, FIELD.childrenUser, FIELD.childrenSystem])
      ticks += Number(fields[at] ?? 0);
  }
  return ticks / TICKS_PER_SECOND;
}

function workingDirectory(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    // It ended between the listing and the look, or is not ours.
    return '';
  }
}

/** The most memory that each member has had resident, added up, in bytes. */
export function peakBytes(group: number): number {
  return statusOf(group, 'VmHWM');
}

/** Memory that is in no file, resident now: without programs, and files that are mapped, which the system takes back as it likes. In bytes. */
export function anonymousBytes(group: number): number {
  return statusOf(group, 'RssAnon');
}

function statusOf(group: number, line: string): number {
  const pattern = new RegExp(`^${line}:\\s*(\\d+) kB`, 'm');
  let kilobytes = 0;
  for (const { pid } of members(group)) kilobytes += Number(pattern.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
  return kilobytes * 1024;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // It ended between the listing and the look.
    return '';
  }
}
