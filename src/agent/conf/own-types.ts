/**
 * Loads the components that a user has written, before the file that names them is read: `a1.sources.r1.type = ./my-source.ts`, relative
 * to that file, or the name of an installed package. What cannot be loaded is told with the line of the property that names it.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorLine, StreamjobError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { fs } from '../../core/machine.ts';
import type { Named, Registry } from '../../core/registry.ts';
import type { LoadedFile } from '../../load/load-file.ts';
import { channels } from '../channels/index.ts';
import type { LoadedOwn, OwnTypes } from '../component/component-type.ts';
import { defineName, type OwnKind, ownComponentOf } from '../component/own-types.ts';
import type { Problems } from '../component/problems.ts';
import type { Setting, Settings } from '../component/settings.ts';
import { interceptors } from '../interceptors/index.ts';
import { selectors } from '../selectors/index.ts';
import { serializers } from '../serializers/index.ts';
import { sinks } from '../sinks/index.ts';
import { sources } from '../sources/index.ts';
import { isServer } from './places.ts';

/** Where the type of a component can stand, and the types of its kind that are built in. */
const PLACES: readonly { readonly key: RegExp; readonly kind: OwnKind; readonly builtIn: Registry<Named> }[] = [
  { key: /^sources\.[^.]+\.type$/, kind: 'source', builtIn: sources },
  { key: /^channels\.[^.]+\.type$/, kind: 'channel', builtIn: channels },
  { key: /^sinks\.[^.]+\.type$/, kind: 'sink', builtIn: sinks },
  { key: /^sources\.[^.]+\.interceptors\.[^.]+\.type$/, kind: 'interceptor', builtIn: interceptors },
  { key: /^sources\.[^.]+\.selector\.type$/, kind: 'selector', builtIn: selectors },
  { key: /^sinks\.[^.]+\.(?:.+\.)?serializer$/, kind: 'serializer', builtIn: serializers },
];

const IS_PATH = /^(?:\.{1,2}\/|\/|file:)/;
const IS_PACKAGE = /^(?:@[a-z0-9~-][\w.~-]*\/)?[a-z0-9~-][\w.~-]*(?:\/[\w./~-]+)?$/;

/** What was loaded, by the files' paths: what has not changed is not run again, and stays the same for all agents. */
const loaded = new Map<string, LoadedFile>();

/** Files of modules that were named, whether or not they could be loaded. */
const named = new Set<string>();

/** The files of all modules that configurations have named in this process: who watches for changes wants to know. */
export function ownFiles(): string[] {
  return [...named];
}

/** A property that names a module of the user's. */
interface NamedModule {
  readonly setting: Setting;
  readonly kind: OwnKind;
}

/**
 * Loads the modules that an agent's properties name.
 * @param settings of the agent, their variables put in
 * @param problems know the file of each line
 * @param log is told at level debug why a module could not be bundled
 */
export async function loadOwnTypes(settings: Settings, problems: Problems, log: Logger): Promise<OwnTypes> {
  const own = new Map<string, LoadedOwn | { readonly refused: string }>();
  for (const { kind, setting } of namedIn(settings)) {
    const found = await loadOwn(setting, kind, problems, log);
    if (found !== undefined) own.set(setting.key, found);
  }
  return own;
}

/** For who reads a file at once: paths of modules are refused. */
export function refuseOwnTypes(settings: Settings): OwnTypes {
  const refused = 'a module can be loaded from a file only: use Agent.fromFile';
  return new Map(
    namedIn(settings)
      .filter(({ setting }) => IS_PATH.test(setting.value))
      .map(({ setting }) => [setting.key, { refused: `${setting.value}: ${refused}` }]),
  );
}

function namedIn(settings: Settings): NamedModule[] {
  return [...settings].flatMap(([key, setting]) => {
    const place = PLACES.find((each) => each.key.test(key));
    if (place === undefined || place.builtIn.find(setting.value) !== undefined) return [];
    const isModule = IS_PATH.test(setting.value) || IS_PACKAGE.test(setting.value);
    return isModule ? [{ setting, kind: place.kind }] : [];
  });
}

/** @returns undefined when there is no such package: it is an unknown type then */
async function loadOwn(
  { line, value }: Setting,
  kind: OwnKind,
  problems: Problems,
  log: Logger,
): Promise<LoadedOwn | { readonly refused: string } | undefined> {
  const conf = problems.fileOf(line);
  const isPath = IS_PATH.test(value);
  if (isServer(conf) && !/^(?:\/|file:)/.test(value))
    return isPath ? { refused: `${value} is relative to a server: expected a whole path` } : undefined;
  const directory = path.dirname(path.resolve(/^file:/i.test(conf) ? fileURLToPath(conf) : conf));
  try {
    const file = isPath ? await existing(value, directory) : await ofPackage(value, directory);
    if (file === undefined) return undefined;
    const { loadFile } = await import('../../load/load-file.ts');
    const given = await loadFile(file, log, loaded.get(file));
    loaded.set(file, given);
    const component = ownComponentOf(given.exported);
    if (component !== undefined) return { ...component, version: given.version };
    return {
      refused: `the default export of ${value} is no component: expected export default ${defineName(kind)}({ … })`,
    };
  } catch (error) {
    if (error instanceof StreamjobError) return { refused: errorLine(error) };
    const { loadError } = await import('../../load/load-error.ts');
    return { refused: errorLine(loadError('COMPONENT_INVALID', error, value, path.resolve(directory, value))) };
  }
}

async function existing(value: string, directory: string): Promise<string> {
  const file = value.startsWith('file:') ? fileURLToPath(value) : path.resolve(directory, value);
  named.add(file);
  const there = await fs.stat(file).catch(() => undefined);
  if (there?.isFile() === true) return file;
  throw new StreamjobError('FILE_NOT_FOUND', `there is no module ${value}`, { where: file });
}

async function ofPackage(name: string, directory: string): Promise<string | undefined> {
  const { resolvePackage } = await import('../../load/resolve-package.ts');
  return await resolvePackage(name, directory);
}
