/** The machine, in words that tell nothing of where it stands. */
import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';

/** Cores and their model, memory, and the versions of what runs on it. */
export function machine(): string {
  const cores = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return `${cores.length} cores (${cores[0]?.model.trim() ?? 'unknown'}), ${gigabytes} GB, Linux, Node ${process.version}, ${java()}`;
}

function java(): string {
  try {
    const told = execFileSync('sh', ['-c', 'java -version 2>&1'], { encoding: 'utf8' });
    return `Java ${/version "([^"]+)"/.exec(told)?.[1] ?? 'unknown'}`;
  } catch {
    return 'no Java';
  }
}
