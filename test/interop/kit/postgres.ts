/** A PostgreSQL of a test's own, on a free port of the loopback, run by a user without rights. */
import { execFile, execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../kit/ports.ts';
import type { Scene } from './scene.ts';

/** Where Debian puts it; elsewhere it is on the path. */
const DEBIAN = '/usr/lib/postgresql';
const PROGRAMS: string | undefined = programs();

/** Why tests with PostgreSQL are skipped; undefined: they can run. */
export const postgresMissing: string | undefined =
  PROGRAMS === undefined
    ? 'no PostgreSQL'
    : process.getuid?.() === 0 && userId() === undefined
      ? 'no user for it'
      : undefined;

/** A server that runs. */
export interface Postgres {
  /** For `pg`. */
  readonly url: string;
  /** Runs one statement. @returns its lines, columns with | between them */
  readonly rows: (sql: string) => Promise<string[]>;
}

/** Makes a cluster in a new directory and starts it; both go with the scene. */
export async function startPostgres(scene: Scene): Promise<Postgres> {
  const directory = mkdtempSync(path.join(tmpdir(), 'streamjob-postgres-'));
  scene.defer(() => rmSync(directory, { recursive: true, force: true }));
  const user = userId();
  // It refuses to be run by root.
  const prefix = user === undefined ? [] : ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups'];
  if (user !== undefined) chownSync(directory, user, user);
  const data = path.join(directory, 'data');
  const line = (program: string, ...args: string[]): string[] => [
    ...prefix,
    path.join(PROGRAMS ?? '', program),
    ...args,
  ];
  const run = ([command = '', ...args]: string[]): void =>
    void execFileSync(command, args, { cwd: directory, stdio: 'pipe' });
  run(line('initdb', '-D', data, '-A', 'trust', '-U', 'test', '-E', 'UTF8', '--locale=C', '--no-sync'));
  const port = await freePort();
  const options = ['-h', '127.0.0.1', '-p', String(port), '-c', 'unix_socket_directories='];
  const [command = '', ...args] = line('postgres', '-D', data, ...options);
  scene.start('postgres', { command, args });
  // Before it is killed with the scene: it would leave its shared memory behind.
  scene.defer(() => run(line('pg_ctl', '-D', data, '-m', 'immediate', '-w', 'stop')));
  const url = `postgres://test@127.0.0.1:${port}/postgres`;
  const rows = async (sql: string): Promise<string[]> => {
    const { stdout } = await promisify(execFile)('psql', ['-At', '-c', sql, url], { maxBuffer: 1 << 26 });
    return stdout.split('\n').slice(0, -1);
  };
  await scene.until(
    () =>
      rows('SELECT 1').then(
        () => true,
        () => false,
      ),
    'PostgreSQL answers',
  );
  return { url, rows };
}

function programs(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  const places = [
    ...versions.map((version) => path.join(DEBIAN, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(path.delimiter),
  ];
  return places.find((place) => ['initdb', 'pg_ctl', 'postgres'].every((name) => existsSync(path.join(place, name))));
}

/** Of the user that it runs as; undefined: as we do. */
function userId(): number | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      return Number(execFileSync('id', ['-u', name], { encoding: 'utf8', stdio: 'pipe' }));
    } catch {
      // The next one.
    }
  }
  return undefined;
}
