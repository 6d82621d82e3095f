/** The command line as users run it: built from src/ and ui/ when those are newer. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { repository } from './places.ts';

/** Builds dist/, unless it is there and as new as src/ and ui/. */
export async function buildCommandLine(): Promise<void> {
  if (buildIsStale()) await promisify(execFile)('npm', ['run', 'build'], { cwd: repository, maxBuffer: 1 << 26 });
}

/** Building for nothing would pull `dist` from under whoever runs it meanwhile. */
function buildIsStale(): boolean {
  const built = path.join(repository, 'dist/cli.js');
  if (!existsSync(built)) return true;
  const sources = ['src', 'ui'].flatMap((name) =>
    readdirSync(path.join(repository, name), { recursive: true, encoding: 'utf8' }).map((file) =>
      path.join(name, file),
    ),
  );
  const newest = Math.max(...['.build.mjs', ...sources].map((file) => statSync(path.join(repository, file)).mtimeMs));
  return newest > statSync(built).mtimeMs;
}
