/** Where an installed package has its code. */
import type { PluginBuild } from 'esbuild';
import { bundler } from './bundle.ts';

/**
 * The file that `import 'NAME'` loads in a directory.
 * @param directory an absolute path
 * @returns its path; undefined when no such package is installed
 * @example await resolvePackage('my-flume-sink', '/etc/flume')
 */
export async function resolvePackage(name: string, directory: string): Promise<string | undefined> {
  let found: string | undefined;
  const ask = async (build: PluginBuild): Promise<void> => {
    const { errors, external, path } = await build.resolve(name, { kind: 'import-statement', resolveDir: directory });
    if (errors.length === 0 && !external) found = path;
  };
  await bundler().build({
    stdin: { contents: '', resolveDir: directory },
    absWorkingDir: directory,
    write: false,
    platform: 'node',
    mainFields: ['main'],
    logLevel: 'silent',
    plugins: [{ name: 'ask', setup: (build) => build.onStart(() => ask(build)) }],
  });
  return found;
}
