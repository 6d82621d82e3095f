/** What a process and a directory take. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Open files of a process, and its memory in bytes. */
export function resources(pid: number): { readonly files: number; readonly memory: number } {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return { files: readdirSync(`/proc/${pid}/fd`).length, memory: pages * 4096 };
}

/** What a directory takes on disk, in bytes. */
export function diskOf(directory: string): number {
  return Number(spawnSync('du', ['-sb', directory], { encoding: 'utf8' }).stdout.split('\t')[0]);
}
