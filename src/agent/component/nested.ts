/**
 * Components within components: a sink's serializer, a source's selector and interceptors. Each has a type of its own registry and
 * fields of its own; what is wrong with it is told with its own line, not with that of the component it is in.
 */

import type { Registry } from '../../core/registry.ts';
import type { ComponentType, Configured, Listed, Nested, Place } from './component-type.ts';
import { below, type Setting, type Settings } from './settings.ts';
import { readTyped } from './typed.ts';

/** Declares a nested component. @example nested({ prefix: 'sink.serializer', types: serializers, fallback: 'text', doc: '…' }) */
export function nested<Context, Instance>(declared: Nested<Context, Instance>): Nested<Context, Instance> {
  return declared;
}

/**
 * Reads a nested component whose type stands at its prefix: `sink.serializer = text`.
 * @returns undefined when there were errors, which are in the place's problems then
 */
export function readNested<Context, Instance>(
  { prefix, types, fallback }: Nested<Context, Instance>,
  settings: Settings,
  at: Place,
): Configured<Context, Instance> | undefined {
  const own = new Map(below(settings, `${prefix}.`));
  const named = settings.get(prefix);
  const key = named?.key ?? prefix;
  own.set('type', named !== undefined && named.value !== '' ? named : assumed(key, fallback, named?.line ?? at.line));
  return readTyped(at.problems, {
    owner: `${prefix} of ${at.owner}`,
    settings: own,
    common: [/^type$/],
    types,
    own: at.own,
    listedAt: at.line,
  });
}

/** Declares a list of nested components. @example listed({ prefix: 'serializers', types, fallback: 'DEFAULT', required: true, doc: '…' }) */
export function listed<Context, Instance>(declared: Listed<Context, Instance>): Listed<Context, Instance> {
  return declared;
}

/** A component of a list, with the name that the file gives it. */
export interface ListedOne<Context, Instance> {
  readonly name: string;
  readonly part: Configured<Context, Instance>;
}

/** Reads the components of a list; those that have errors, which are in the place's problems then, are left out. */
export function readListed<Context, Instance>(
  { exact = false, fallback, prefix, required, types }: Listed<Context, Instance>,
  settings: Settings,
  at: Place,
): ListedOne<Context, Instance>[] {
  const list = settings.get(prefix);
  const names = (list?.value ?? '').split(/\s+/).filter((name) => name !== '');
  if (required && names.length === 0) {
    at.problems.error(list?.line ?? at.line, `${at.owner}: ${prefix} names no ${types.kind}`);
  }
  return names.flatMap((name) => {
    const own = new Map(below(settings, `${prefix}.${name}.`));
    const line = list?.line ?? at.line;
    if (!own.has('type')) own.set('type', assumed(`${prefix}.${name}.type`, fallback, line));
    const owner = `${types.kind} ${name} of ${at.owner}`;
    const part = readTyped(at.problems, {
      owner,
      settings: own,
      common: [/^type$/],
      types,
      own: at.own,
      exact,
      listedAt: line,
    });
    return part === undefined ? [] : [{ name, part }];
  });
}

/** A type that the file does not name. Its line, for what is found to be wrong, is that of the component it is in. */
function assumed(key: string, value: string, line: number | undefined): Setting {
  return { key, value, line: line ?? 0 };
}

/** Nested components that the file lists by name. */
export interface NestedList<Context, Instance> {
  /** For people: `interceptor`. */
  readonly kind: string;
  /** The property that lists them, which is their prefix too: `interceptors = i1`, `interceptors.i1.type = host`. */
  readonly prefix: string;
  readonly types: Registry<ComponentType<Context, Instance>>;
  /** Types that Flume has and that are refused here, and why. */
  readonly refused?: Readonly<Record<string, string>>;
}

/**
 * Reads all that are listed.
 * @param at the component they are in
 * @returns undefined when one of them has errors, which are in `problems` then
 */
export function readNestedList<Context, Instance>(
  { kind, prefix, refused = {}, types }: NestedList<Context, Instance>,
  settings: Settings,
  at: Pick<Place, 'owner' | 'problems' | 'own'>,
): Configured<Context, Instance>[] | undefined {
  const listed = settings.get(prefix);
  const names = (listed?.value ?? '').split(/\s+/).filter((name) => name !== '');
  const made = names.map((name) =>
    readTyped(at.problems, {
      owner: `${kind} ${name} of ${at.owner}`,
      settings: below(settings, `${prefix}.${name}.`),
      common: [/^type$/],
      types,
      own: at.own,
      refused,
      listedAt: listed?.line,
    }),
  );
  const done = made.filter((one) => one !== undefined);
  return done.length === made.length ? done : undefined;
}
