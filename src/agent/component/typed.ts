/** Reads a component by the type that its settings name: a built-in one, or a module of the user's. */
import { type Named, nearest, type Registry } from '../../core/registry.ts';
import type { ComponentType, Configured, LoadedOwn, OwnTypes } from './component-type.ts';
import { defineName, OWN_KINDS } from './own-types.ts';
import type { Problems } from './problems.ts';
import type { Setting, Settings } from './settings.ts';
import { lineOf } from './settings.ts';

/** What is read. */
export interface TypedPart<C, I> {
  /** Its name for people, e.g. `source r1`. */
  readonly owner: string;
  /** Its properties, with `type`. */
  readonly settings: Settings;
  /** Properties that are not its type's. */
  readonly common: readonly RegExp[];
  readonly types: Registry<ComponentType<C, I> & Named>;
  /** Components of the user's that the file names. */
  readonly own?: OwnTypes | undefined;
  /** Whether the case of the type's name counts. */
  readonly exact?: boolean;
  /** Types that Flume has and that are refused here, and why. */
  readonly refused?: Readonly<Record<string, string>>;
  /** What Flume does with a type that it does not have, and with none. */
  readonly flume?: { readonly unknown: string; readonly none: string };
  /** The line that names it, for when it has no properties at all. */
  readonly listedAt: number | undefined;
}

/** @returns the component, or undefined when there were errors, which are in `problems` then */
export function readTyped<C, I>(problems: Problems, part: TypedPart<C, I>): Configured<C, I> | undefined {
  const { owner, settings, types, flume, listedAt } = part;
  const setting = settings.get('type');
  if (setting === undefined || setting.value === '') {
    const line = setting?.line ?? lineOf(settings) ?? listedAt;
    problems.error(line, `${owner} has no type, ${expected(types)}`, flume?.none);
    return undefined;
  }
  const loaded = part.own?.get(setting.key);
  if (loaded !== undefined) return readOwn(problems, part, setting, loaded);
  const found = types.find(setting.value);
  const type =
    part.exact === true && found !== undefined && !namesOf(found).includes(setting.value) ? undefined : found;
  if (type !== undefined) return configure(problems, part, setting, type);
  tellUnknown(problems, part, setting);
  return undefined;
}

function configure<C, I>(
  problems: Problems,
  { common, own, owner, settings }: TypedPart<C, I>,
  setting: Setting,
  type: ComponentType<C, I>,
): Configured<C, I> | undefined {
  const ofType = [...settings].filter(([key]) => !common.some((pattern) => pattern.test(key)));
  for (const [, { key, line, value }] of ofType)
    if (value === '') problems.warn(line, `${key} has no value and is ignored`);
  const given = new Map(ofType.filter(([, { value }]) => value !== ''));
  return type.configure(given, { owner, line: setting.line === 0 ? undefined : setting.line, problems, own });
}

/** A component of the user's. What it is made of counts as its type: a reload makes it anew when its code has changed. */
function readOwn<C, I>(
  problems: Problems,
  part: TypedPart<C, I>,
  setting: Setting,
  loaded: LoadedOwn | { readonly refused: string },
): Configured<C, I> | undefined {
  const { owner, types } = part;
  if ('refused' in loaded) {
    problems.error(setting.line, `${owner}: ${loaded.refused}`);
    return undefined;
  }
  if (loaded.kind !== types.kind) {
    const made = `${setting.value} was made by ${defineName(loaded.kind)}`;
    problems.error(setting.line, `${owner}: ${made}, which is no ${types.kind}: expected ${defineName(types.kind)}`);
    return undefined;
  }
  // Its kind says what it makes, and what it is given for that.
  const configured = configure(problems, part, setting, loaded.type as unknown as ComponentType<C, I>);
  if (configured === undefined) return undefined;
  const type = setting.value;
  return { ...configured, type, resolved: { ...configured.resolved, type: `${type} ${loaded.version}` } };
}

function tellUnknown<C, I>(
  problems: Problems,
  { flume, owner, refused = {}, types }: TypedPart<C, I>,
  setting: Setting,
): void {
  const { line, value } = setting;
  const reason = refused[value.toLowerCase()];
  if (reason !== undefined) {
    problems.error(line, `${owner}: type ${value} is refused (${reason}), ${expected(types)}`);
    return;
  }
  if (isJavaClass(value) && OWN_KINDS.some((kind) => kind === types.kind)) {
    const move = `write it in TypeScript with ${defineName(types.kind)} of streamjob/agent and name its file, e.g. ./my-${types.kind}.ts`;
    problems.error(
      line,
      `${owner}: type ${value} is a class of Java, which does not run here: ${move}`,
      flume?.unknown,
    );
    return;
  }
  const near = nearest(value, types.names);
  const meant = near === undefined ? '' : `; did you mean ${near}?`;
  problems.error(line, `${owner}: unknown type ${value}, ${expected(types)}${meant}`, flume?.unknown);
}

/** A class of somebody else's; those of Flume that are not here are unknown types. */
function isJavaClass(type: string): boolean {
  return /^(?:[a-z_]\w*\.)+[A-Z][\w$]*$/.test(type) && !type.startsWith('org.apache.flume.');
}

function expected<C, I>(types: Registry<ComponentType<C, I> & Named>): string {
  return `expected one of ${types.names.join(', ')}`;
}

function namesOf({ aliases = [], type }: Named): string[] {
  return [type, ...aliases];
}
