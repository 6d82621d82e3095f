/** What Node tells of files: Stats, and the entries of directories. */
import type { BigIntStats, Dirent, Stats } from 'node:fs';
import type { DirectoryNode, Inode } from './node.ts';

const MODES = { file: 0o100644, directory: 0o040755, socket: 0o140755 } as const;
const BLOCK_BYTES = 4096;

function kinds(kind: Inode['kind']): Record<`is${string}`, () => boolean> {
  return {
    isFile: () => kind === 'file',
    isDirectory: () => kind === 'directory',
    isSocket: () => kind === 'socket',
    isBlockDevice: () => false,
    isCharacterDevice: () => false,
    isSymbolicLink: () => false,
    isFIFO: () => false,
  };
}

/** What the calls that look at a file may be told. */
export interface StatOptions {
  readonly bigint?: boolean;
}

export function statsOf(node: Inode, options?: StatOptions): Stats | BigIntStats {
  return options?.bigint === true ? bigStatsOf(node) : plainStatsOf(node);
}

function plainStatsOf(node: Inode): Stats {
  const size = node.kind === 'file' ? node.live.size : BLOCK_BYTES;
  const { modifiedMs, bornMs } = node;
  const stats = {
    ...{ dev: 1, ino: node.inode, mode: MODES[node.kind], nlink: node.kind === 'file' ? node.names : 1 },
    ...{ uid: 0, gid: 0, rdev: 0, size, blksize: BLOCK_BYTES, blocks: Math.ceil(size / 512) },
    ...{ atimeMs: modifiedMs, mtimeMs: modifiedMs, ctimeMs: modifiedMs, birthtimeMs: bornMs },
    ...{ atime: new Date(modifiedMs), mtime: new Date(modifiedMs), ctime: new Date(modifiedMs) },
    birthtime: new Date(bornMs),
    ...kinds(node.kind),
  };
  return stats as unknown as Stats;
}

/** The same with whole numbers of any size, and with times in ns too. */
function bigStatsOf(node: Inode): BigIntStats {
  const all = Object.entries(plainStatsOf(node)).flatMap(([key, value]: [string, unknown]): [string, unknown][] => {
    if (typeof value !== 'number') return [[key, value]];
    const whole: [string, unknown] = [key, BigInt(Math.floor(value))];
    return key.endsWith('Ms') ? [whole, [key.replace(/Ms$/, 'Ns'), BigInt(Math.round(value * 1000)) * 1000n]] : [whole];
  });
  return Object.fromEntries(all) as unknown as BigIntStats;
}

export function entryOf(name: string, node: Inode, directory: string): Dirent {
  return { name, parentPath: directory, path: directory, ...kinds(node.kind) } as unknown as Dirent;
}

/** Names in a directory and those below it, each with its path from there. */
export function below(
  entries: readonly [string, Inode][],
  listed: (directory: DirectoryNode) => [string, Inode][],
  above = '',
): [string, Inode, string][] {
  return entries.flatMap(([name, node]): [string, Inode, string][] => [
    [name, node, above],
    ...(node.kind === 'directory' ? below(listed(node), listed, `${above}${name}/`) : []),
  ]);
}
