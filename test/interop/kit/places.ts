/** Where the real peers are, and what this machine lacks for them. Knows nothing of vitest: the benchmark uses it too. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository: string = fileURLToPath(new URL('../../..', import.meta.url));
export const confDirectory: string = path.join(repository, 'test/interop/conf');
/** Git-ignored; INTEROP_PEERS names another directory, e.g. one that several clones share. */
export const peersDirectory: string = path.resolve(process.env['INTEROP_PEERS'] ?? path.join(repository, '.peers'));

/** The parts that fetch.sh can bring, and what each needs. */
export type Part = 'flume' | 'spark' | 'cluster' | 'hadoop' | 'hbase' | 's3';
/** Those of the interop suite; the cluster, and S3, are of a suite of their own. */
export const parts: readonly Part[] = ['flume', 'spark', 'hadoop', 'hbase'];

/** What this machine lacks for a part; undefined: nothing. */
export function missingTools(part: Part): string | undefined {
  const hasPip = (): boolean => output('python3', '-m', 'pip', '--version').includes('pip');
  if (part === 's3') return hasPip() ? undefined : 'no python3 with pip';
  const java = Number(/version "(\d+)/.exec(output('java', '-version'))?.[1] ?? 0);
  if (java < 17) return 'no Java 17';
  if (!output('javac', '-version').includes('javac')) return 'no JDK, only a Java runtime';
  if (!output('mvn', '-v').includes('Maven')) return 'no Maven';
  if ((part === 'spark' || part === 'cluster') && !hasPip()) return 'no python3 with pip';
  return undefined;
}

function output(command: string, ...args: string[]): string {
  try {
    return execFileSync('sh', ['-c', '"$0" "$@" 2>&1', command, ...args], { encoding: 'utf8' });
  } catch {
    return '';
  }
}
