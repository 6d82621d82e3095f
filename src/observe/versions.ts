/** On what a job runs: versions and the machine, asked for when somebody looks. */
import os from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { fsSync } from '../core/machine.ts';
import { OWN_CODE } from '../core/module-url.ts';

/** A name with its version, or another fact. */
export interface Version {
  readonly name: string;
  readonly version: string;
}

/** What a job runs on. */
export interface Versions {
  /** streamjob, Node and the machine. */
  readonly runtime: readonly Version[];
  /** The packages that streamjob is built upon. */
  readonly packages: readonly Version[];
}

const MIB = 1024 * 1024;
let known: Versions | undefined;

/** They do not change while the process runs. */
export function versions(): Versions {
  known ??= read();
  return known;
}

function read(): Versions {
  const { node, v8 } = process.versions;
  const own = packageOf(new URL('../', OWN_CODE));
  return {
    runtime: [
      { name: 'streamjob', version: own.version },
      { name: 'Node.js', version: node },
      { name: 'V8', version: v8 },
      { name: 'system', version: `${os.type()} ${os.release()}` },
      { name: 'architecture', version: `${process.platform} ${process.arch}` },
      { name: 'cores', version: String(os.availableParallelism()) },
      { name: 'memory', version: `${Math.round(os.totalmem() / MIB)} MiB` },
      { name: 'heap limit', version: `${Math.round(getHeapStatistics().heap_size_limit / MIB)} MiB` },
      { name: 'time zone', version: Intl.DateTimeFormat().resolvedOptions().timeZone },
      { name: 'process', version: String(process.pid) },
    ],
    packages: own.dependencies
      .filter((name) => !name.startsWith('@types/'))
      .map((name) => ({ name, version: installedVersion(name) })),
  };
}

function packageOf(directory: URL): { readonly version: string; readonly dependencies: readonly string[] } {
  try {
    const text = fsSync.readFileSync(new URL('package.json', directory), 'utf8');
    const { dependencies, version } = JSON.parse(text) as Record<string, unknown>;
    return { version: String(version), dependencies: Object.keys(dependencies ?? {}) };
  } catch {
    return { version: 'unknown', dependencies: [] };
  }
}

/** Packages need not tell their package.json to who imports it: it is looked for as Node looks for packages. */
function installedVersion(name: string): string {
  for (let directory = new URL('../', OWN_CODE); ; directory = new URL('../', directory)) {
    const { version } = packageOf(new URL(`node_modules/${name}/`, directory));
    if (version !== 'unknown') return version;
    if (directory.pathname === new URL('../', directory).pathname) return 'unknown';
  }
}
