/** Writes the files of a new project. What is there already is never written over. */
import path from 'node:path';
import { messageOf, StreamjobError, systemCodeOf } from '../../core/errors.ts';
import { fs } from '../../core/machine.ts';
import { OWN_CODE } from '../../core/module-url.ts';
import { packageNameOf } from './package-name.ts';

/**
 * The package has its sources beside its build, so that the way is the same from both. A template is no code of this package: the ending
 * .txt keeps compilers, linters and npm from taking it for some.
 */
const TEMPLATES = new URL('../src/cli/init/templates/', OWN_CODE);

/** Where each template goes. */
const FILES: Readonly<Record<string, string>> = {
  'package.json': 'package.json.txt',
  'tsconfig.json': 'tsconfig.json.txt',
  'jobs/wordcount.ts': 'wordcount.ts.txt',
  'jobs/wordcount.conf': 'wordcount.conf.txt',
  'test/wordcount.test.ts': 'wordcount.test.ts.txt',
  'input/river.txt': 'river.txt.txt',
  Dockerfile: 'Dockerfile.txt',
  '.dockerignore': 'dockerignore.txt',
  'deploy/{{name}}.service': 'service.txt',
  '.gitignore': 'gitignore.txt',
  'README.md': 'README.md.txt',
};

/** What a directory may have and still be a new one: `git init` was called in it. */
const NO_FILES = ['.git'];
/** How many of the files that are there a message names. */
const NAMED = 10;

/** A project that was made. */
export interface NewProject {
  readonly name: string;
  /** Paths in the directory. */
  readonly files: readonly string[];
}

/** What of this package's own package.json a new project is made with. */
interface Manifest {
  readonly version: string;
  readonly engines: { readonly node: string };
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/**
 * Makes a project in a directory, and the directory where it is not there.
 * @param directory relative to the working directory
 * @throws StreamjobError FILE_EXISTS when it is not empty, or is a file; FILE_ACCESS when it cannot be written
 * @example await newProject('my-job') // { name: 'my-job', files: ['package.json', …] }
 */
export async function newProject(directory: string): Promise<NewProject> {
  const absolute = path.resolve(directory);
  await requireEmpty(absolute, directory);
  const manifest = JSON.parse(await fs.readFile(new URL('../package.json', OWN_CODE), 'utf8')) as Manifest;
  const { dependencies, devDependencies } = manifest;
  const name = packageNameOf(path.basename(absolute), ['streamjob', 'typescript', 'vitest']);
  const values: Readonly<Record<string, string | undefined>> = {
    name,
    node: manifest.engines.node,
    streamjob: `^${manifest.version}`,
    typesNode: dependencies['@types/node'],
    typescript: devDependencies['typescript'],
    vitest: devDependencies['vitest'],
  };
  const files: string[] = [];
  for (const [to, from] of Object.entries(FILES)) {
    const file = filled(to, values);
    const text = filled(await fs.readFile(new URL(from, TEMPLATES), 'utf8'), values);
    await write(path.join(absolute, file), text);
    files.push(file);
  }
  return { name, files };
}

/** A text with the values of its `{{names}}`. */
function filled(template: string, values: Readonly<Record<string, string | undefined>>): string {
  return template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`a template asks for ${name}, which there is not`);
    return value;
  });
}

async function requireEmpty(absolute: string, directory: string): Promise<void> {
  const found = await namesIn(absolute);
  const names = found.filter((name) => !NO_FILES.includes(name)).sort();
  if (names.length === 0) return;
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  throw new StreamjobError(
    'FILE_EXISTS',
    `${directory} is not empty: it has ${names.slice(0, NAMED).join(', ')}${more}`,
    { where: absolute, hint: 'give a directory that is empty or not there; nothing is written over' },
  );
}

async function namesIn(absolute: string): Promise<string[]> {
  try {
    return await fs.readdir(absolute);
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return [];
    throw notWritten(absolute, cause);
  }
}

/** Only where no file is: one that came since the directory was looked at stays, too. */
async function write(file: string, text: string): Promise<void> {
  try {
    await fs.mkdir(path.dirname(file), { recursive: true });
    await fs.writeFile(file, text, { flag: 'wx' });
  } catch (cause) {
    throw notWritten(file, cause);
  }
}

function notWritten(file: string, cause: unknown): StreamjobError {
  if (['EEXIST', 'ENOTDIR'].includes(systemCodeOf(cause) ?? '')) {
    return new StreamjobError('FILE_EXISTS', `${file} cannot be made: a file is in its place`, {
      where: file,
      hint: 'give a directory that is empty or not there; nothing is written over',
      cause,
    });
  }
  return new StreamjobError('FILE_ACCESS', `${file} cannot be written: ${messageOf(cause)}`, {
    where: file,
    hint: 'give a directory that this user may write to, on a disk with room',
    cause,
  });
}
