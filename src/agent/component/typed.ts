/** Reads a component by the type that its settings name. */
import { type Named, nearest, type Registry } from '../../core/registry.ts';
import type { ComponentType, Configured } from './component-type.ts';
import type { Problems } from './problems.ts';
import type { Settings } from './settings.ts';
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
  const { owner, settings, common, types, exact = false, refused = {}, flume, listedAt } = part;
  const setting = settings.get('type');
  const known = `expected one of ${types.names.join(', ')}`;
  if (setting === undefined || setting.value === '') {
    problems.error(setting?.line ?? lineOf(settings) ?? listedAt, `${owner} has no type, ${known}`, flume?.none);
    return undefined;
  }
  const found = types.find(setting.value);
  const type = exact && found !== undefined && !namesOf(found).includes(setting.value) ? undefined : found;
  if (type === undefined) {
    const near = nearest(setting.value, types.names);
    const reason = refused[setting.value.toLowerCase()];
    const what =
      reason === undefined ? `unknown type ${setting.value}, ` : `type ${setting.value} is refused (${reason}), `;
    const meant = near === undefined ? '' : `; did you mean ${near}?`;
    problems.error(
      setting.line,
      `${owner}: ${what}${known}${meant}`,
      reason === undefined ? flume?.unknown : undefined,
    );
    return undefined;
  }
  const ofType = [...settings].filter(([key]) => !common.some((pattern) => pattern.test(key)));
  for (const [, { key, line, value }] of ofType)
    if (value === '') problems.warn(line, `${key} has no value and is ignored`);
  const own = new Map(ofType.filter(([, { value }]) => value !== ''));
  return type.configure(own, { owner, line: setting.line === 0 ? undefined : setting.line, problems });
}

function namesOf({ aliases = [], type }: Named): string[] {
  return [type, ...aliases];
}
