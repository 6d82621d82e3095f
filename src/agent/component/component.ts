/**
 * How a component of the agent is declared: its type name, the names that Flume's files use for it, its fields, and how it is made
 * from their values. Validation, defaults and documentation derive from the declaration.
 */
import { didYouMean } from '../../core/registry.ts';
import type {
  ComponentType,
  Configured,
  LevelGiven,
  Limits,
  Listed,
  ListedParts,
  Nested,
  NestedParts,
  Place,
  Resource,
} from './component-type.ts';
import type { Fields, Values } from './fields.ts';
import { type ListedOne, readListed, readNested } from './nested.ts';
import { readValues } from './read-values.ts';
import type { Resolved } from './resolved.ts';
import type { Settings } from './settings.ts';

/** The nested components of a declaration, read and ready to be made. */
export type NestedGiven<N extends NestedParts> = {
  readonly [K in keyof N]: N[K] extends Nested<infer C, infer I> ? Configured<C, I> : never;
};

/** The lists of nested components of a declaration, read and ready to be made. */
export type ListsGiven<L extends ListedParts> = {
  readonly [K in keyof L]: L[K] extends Listed<infer C, infer I> ? readonly ListedOne<C, I>[] : never;
};

type None = Readonly<Record<never, never>>;

/** What the making of a component may need beside its values. */
export interface Given<N extends NestedParts, L extends ListedParts = None> {
  readonly nested: NestedGiven<N>;
  readonly lists: ListsGiven<L>;
  /** The properties as they stand in the file. */
  readonly settings: Settings;
}

/** Tells that a property is wrong: its line, or that of the type, is found by its name. */
export type Complain = (property: string, message: string) => void;

/** How a component is declared. */
export interface Declaration<F extends Fields, Context, Instance, N extends NestedParts, L extends ListedParts> {
  readonly type: string;
  readonly aliases?: readonly string[];
  readonly doc: string;
  /** What it promises of the delivery of events. */
  readonly delivery?: string;
  /** Where it behaves other than Flume 1.11. */
  readonly differences?: readonly string[];
  readonly fields: F;
  readonly nested?: N;
  readonly lists?: L;
  /** Checks that concern several properties; `complain` names the property that is to be changed. */
  readonly check?: (values: Values<F>, complain: Complain) => void;
  readonly limits?: (values: Values<F>) => Limits;
  /** The level of reliability that a sink processor gives. */
  readonly gives?: LevelGiven;
  /** The ports and directories that it takes for itself. */
  readonly resources?: (values: Values<F>) => readonly Resource[];
  readonly create: (values: Values<F>, context: Context, given: Given<N, L>) => Instance;
  /** Gives other values to one that runs: a reload then keeps it. */
  readonly adapt?: (instance: Instance, values: Values<F>) => void;
}

/**
 * Makes a component type of a declaration.
 * @example
 * export const nullSink: SinkType = defineComponent({
 *   type: 'null',
 *   doc: 'throws events away',
 *   fields: { batchSize: int({ unit: 'events', doc: 'events per transaction', default: 100, min: 1 }) },
 *   create: ({ batchSize }, context: SinkContext): Sink => new NullSink(batchSize, context),
 * });
 */
export function defineComponent<
  F extends Fields,
  Context,
  Instance,
  N extends NestedParts = None,
  L extends ListedParts = None,
>(declaration: Declaration<F, Context, Instance, N, L>): ComponentType<Context, Instance> {
  const { type, aliases, doc, fields, gives } = declaration;
  const inner: Inner = { nested: declaration.nested ?? {}, lists: declaration.lists ?? {} };
  return {
    type,
    ...(aliases === undefined ? {} : { aliases }),
    doc,
    delivery: declaration.delivery,
    differences: declaration.differences ?? [],
    fields,
    ...inner,
    gives,
    configure: (settings, at) => configure(declaration, inner, settings, at),
  };
}

/** The components within one. */
interface Inner {
  readonly nested: NestedParts;
  readonly lists: ListedParts;
}

function configure<F extends Fields, Context, Instance, N extends NestedParts, L extends ListedParts>(
  declaration: Declaration<F, Context, Instance, N, L>,
  inner: Inner,
  settings: Settings,
  at: Place,
): Configured<Context, Instance> | undefined {
  const { type, fields, check, limits, gives, resources, create, adapt } = declaration;
  const { problems, owner } = at;
  const before = problems.errors.length;
  const { values, plainValues } = readValues(fields, settings, at);
  const parts = readParts(inner.nested, settings, at);
  const lists = readLists(inner.lists, settings, at);
  warnOfUnknown(fields, inner, settings, at);
  const lineOf = (property: string): number | undefined => lineOfProperty(fields, settings, property) ?? at.line;
  if (problems.errors.length === before) {
    check?.(values, (property, message) =>
      problems.error(
        lineOf(property),
        `${owner}: ${property} ${message}`,
        `leaves ${owner} out, or goes on without it`,
      ),
    );
  }
  if (problems.errors.length > before) return undefined;
  const resolved: Resolved = {
    type,
    values: plainValues,
    nested: Object.fromEntries([
      ...Object.entries(parts).map(([name, part]) => [inner.nested[name]?.prefix ?? name, part.resolved]),
      // The place in the list is part of the name: the order of a list has a meaning.
      ...Object.entries(lists).flatMap(([name, ones]) =>
        ones.map((one, i) => [`${inner.lists[name]?.prefix ?? name}.${i}.${one.name}`, one.part.resolved]),
      ),
    ]),
  };
  return {
    type,
    limits: limits?.(values) ?? {},
    gives,
    resources: resources?.(values) ?? [],
    resolved,
    lineOf,
    // Every nested part was read by its own declaration; the compiler cannot follow that through the record.
    create: (context) =>
      create(values, context, { nested: parts as NestedGiven<N>, lists: lists as unknown as ListsGiven<L>, settings }),
    ...(adapt === undefined ? {} : { adapt: (instance: Instance) => adapt(instance, values) }),
  };
}

function readParts(nested: NestedParts, settings: Settings, at: Place): Record<string, Configured<never, unknown>> {
  const parts: Record<string, Configured<never, unknown>> = {};
  for (const [name, declared] of Object.entries(nested)) {
    const part = readNested(declared, settings, at);
    if (part !== undefined) parts[name] = part;
  }
  return parts;
}

function readLists(lists: ListedParts, settings: Settings, at: Place): Record<string, ListedOne<never, unknown>[]> {
  return Object.fromEntries(
    Object.entries(lists).map(([name, declared]) => [name, readListed(declared, settings, at)]),
  );
}

function lineOfProperty(fields: Fields, settings: Settings, property: string): number | undefined {
  const names = [property, ...(fields[property]?.aliases ?? [])];
  return names.map((name) => settings.get(name)?.line).find((line) => line !== undefined);
}

/** Flume ignores properties it does not know, and files written for it must load: so it is a warning, with what was perhaps meant. */
function warnOfUnknown(fields: Fields, { lists, nested }: Inner, settings: Settings, at: Place): void {
  const known = Object.entries(fields).flatMap(([name, field]) => [name, ...(field.aliases ?? [])]);
  const inner = [...Object.values(nested), ...Object.values(lists)].map(({ prefix }) => prefix);
  const prefixes = [
    ...known.filter((name) => name.endsWith('.*')).map((name) => name.slice(0, -1)),
    ...inner.map((prefix) => `${prefix}.`),
  ];
  for (const [name, setting] of settings) {
    if (known.includes(name) || inner.includes(name) || prefixes.some((prefix) => name.startsWith(prefix))) continue;
    const hint = didYouMean(name, [...known, ...inner, ...namesWithin(nested)]).trim();
    const meant = hint === '' ? '' : `; ${hint}`;
    at.problems.warn(setting.line, `${at.owner} has no property ${name}, it is ignored${meant}`);
  }
}

/** The fields of all types that a nested component can have, with its prefix. */
function namesWithin(nested: NestedParts): string[] {
  return Object.values(nested).flatMap(({ prefix, types }) =>
    types.names.flatMap((type) => Object.keys(types.get(type).fields).map((name) => `${prefix}.${name}`)),
  );
}
