/**
 * A directory in which blocks run as in a reader's project: streamjob stands in its node_modules, built from the sources as they are now,
 * with the doors that package.json exports. Types come from the sources. Each page has a directory of its own in it.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { writeStandIns } from './stand-ins.ts';

export const ROOT: string = fileURLToPath(new URL('../../..', import.meta.url));

/** What .build.mjs builds: the doors, and what is loaded by its URL. */
const ENTRIES = ['index', 'agent', 'testing', 'cli', 'worker', 'testing-job'];
/** What the package has beside its code. */
const BESIDE = ['src', 'docs', 'jobs', 'package.json'];

/** Where blocks run. */
export class Project {
  /** Below test/, so that the packages of the repository are found; git ignores it. */
  readonly directory: string = mkdtempSync(path.join(ROOT, 'test', '.blocks-'));
  /** Commands that are installed. */
  readonly bin: string = path.join(this.directory, 'node_modules/.bin');
  /** Commands that stand in for others. */
  readonly standIns: string = path.join(this.directory, 'stand-ins');
  /** Of a project without settings: the repository's would look for tests elsewhere. */
  readonly vitestConfig: string = path.join(this.directory, 'vitest.config.ts');

  /** The PATH in which what is installed goes first. */
  get path(): string {
    return [this.standIns, this.bin, process.env['PATH']].join(':');
  }

  private constructor() {}

  /** Builds the package. The caller removes it when all pages have run. */
  static async make(): Promise<Project> {
    const project = new Project();
    try {
      await project.#fill();
    } catch (error) {
      project.remove();
      throw error;
    }
    return project;
  }

  /** A new directory for a page, with the repository's jobs. */
  pageDirectory(name: string): string {
    const directory = path.join(this.directory, name.replace(/\.md$/, '').replaceAll('/', '-'));
    mkdirSync(directory);
    for (const [name, to] of [
      ['jobs', path.join(ROOT, 'jobs')],
      ['node_modules', path.join(this.directory, 'node_modules')],
    ] as const) {
      symlinkSync(to, path.join(directory, name));
    }
    return directory;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #fill(): Promise<void> {
    const own = path.join(this.directory, 'node_modules/streamjob');
    mkdirSync(own, { recursive: true });
    for (const name of BESIDE) symlinkSync(path.join(ROOT, name), path.join(own, name));
    await build({
      absWorkingDir: ROOT,
      entryPoints: ENTRIES.map((entry) => `src/${entry}.ts`),
      outdir: path.join(own, 'dist'),
      chunkNames: 'chunk-[hash]',
      bundle: true,
      splitting: true,
      packages: 'external',
      format: 'esm',
      platform: 'node',
      target: 'node20.19',
      charset: 'utf8',
      logLevel: 'silent',
    });
    if (existsSync(path.join(ROOT, 'dist/ui'))) symlinkSync(path.join(ROOT, 'dist/ui'), path.join(own, 'dist/ui'));
    const cli = path.join(own, 'dist/cli.js');
    chmodSync(cli, 0o755);
    mkdirSync(this.bin);
    symlinkSync(cli, path.join(this.bin, 'streamjob'));
    for (const name of ['vitest', 'tsx', 'tsc']) {
      symlinkSync(path.join(ROOT, 'node_modules/.bin', name), path.join(this.bin, name));
    }
    // A scope of its own: the name streamjob is then not the repository itself but what is installed here.
    writeFileSync(path.join(this.directory, 'package.json'), '{ "private": true, "type": "module" }\n');
    writeFileSync(this.vitestConfig, 'export default {};\n');
    const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    // Those of a project that `streamjob init` makes are fine, too.
    writeStandIns(this.standIns, [...Object.keys(scripts), 'dev']);
  }
}
