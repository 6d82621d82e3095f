/**
 * What is known of every type of component, whatever kind it is: its fields, the components within it, what it takes of the
 * machine, what it promises. The reading of flume.conf, its checks, docs/components.md and a reload work from this alone.
 */
import type { Named, Registry } from '../../core/registry.ts';
import type { Reliability } from '../../core/reliability.ts';
import type { Fields } from './fields.ts';
import type { Problems } from './problems.ts';
import type { Resolved } from './resolved.ts';
import type { Settings } from './settings.ts';

/** Numbers that other components must fit. */
export interface Limits {
  /** The most events that a source or sink puts into one transaction, and the property that says so. */
  readonly batch?: { readonly property: string; readonly events: number };
  /** The most events that a transaction of a channel takes. */
  readonly transactionCapacity?: number;
  /** Whether a channel keeps its events over a kill of the process. */
  readonly durable?: boolean;
  /** The most sinks that a sink processor drives. */
  readonly sinks?: number;
}

/** The level of reliability that a sink processor gives, by the channel that its sink takes from. */
export interface LevelGiven {
  /** On a channel that keeps its events over a kill of the process. */
  readonly durable: Reliability;
  /** On a channel in memory. */
  readonly memory: Reliability;
  /** The level that it was made for: an agent of that level takes it for sinks that are in no group. */
  readonly madeFor?: Reliability;
}

/**
 * Something of the machine that only one component can have: a port that it listens on, or a directory that it writes as its own.
 * Two components of a file that take the same one are refused before the start.
 */
export type Resource = (
  | { readonly kind: 'port'; readonly host: string; readonly port: number }
  /** `within`: a directory that must be there already, where it is not to be made. */
  | { readonly kind: 'directory'; readonly path: string; readonly within?: string }
) & {
  /** The property that says so, whose line is told. */
  readonly property: string;
};

/** A component whose properties were read and are right. */
export interface Configured<Context, Instance> {
  readonly type: string;
  readonly limits: Limits;
  /** The level that a sink processor gives; undefined for all other kinds. */
  readonly gives: LevelGiven | undefined;
  readonly resources: readonly Resource[];
  /** Its values with their defaults, in a form that can be compared: a reload keeps a component whose values are the same. */
  readonly resolved: Resolved;
  /** The line that a property was given in, by any of its names; where it was not given, the line of the type. */
  lineOf(property: string): number | undefined;
  create(context: Context): Instance;
  /** Gives these values to one of the type that was made with others and runs; undefined where that cannot be done. */
  adapt?(instance: Instance): void;
}

/** A component within another, such as a sink's serializer: its type is one of a registry, and its fields are its own. */
export interface Nested<Context, Instance> {
  /** What it is for, for people. */
  readonly doc: string;
  /** Where its properties stand, e.g. `sink.serializer`: `sink.serializer = text`, `sink.serializer.appendNewline = true`. */
  readonly prefix: string;
  readonly types: Registry<ComponentType<Context, Instance>>;
  /** The type when the file names none. */
  readonly fallback: string;
}

/** The nested components of a type by the names that its code uses. */
export type NestedParts = Readonly<Record<string, Nested<never, unknown>>>;

/** Components within another that its file lists by name: `serializers = s1`, `serializers.s1.type = DEFAULT`. */
export interface Listed<Context, Instance> extends Nested<Context, Instance> {
  /** Whether the file must name at least one. */
  readonly required: boolean;
  /** Whether the case of a type's name counts, as it does where Flume compares it so. */
  readonly exact?: boolean;
}

/** The lists of nested components of a type by the names that its code uses. */
export type ListedParts = Readonly<Record<string, Listed<never, unknown>>>;

/** A type of component. */
export interface ComponentType<Context, Instance> extends Named {
  /** What it does, for people. */
  readonly doc: string;
  /** What it promises of the delivery of events; undefined for kinds that deliver none. */
  readonly delivery: string | undefined;
  /** Where it behaves other than Flume 1.11, a sentence each. */
  readonly differences: readonly string[];
  readonly fields: Fields;
  readonly nested: NestedParts;
  readonly lists: ListedParts;
  readonly gives: LevelGiven | undefined;
  /** Reads the properties; findings go to `problems`. `undefined` when there were errors. */
  configure(settings: Settings, at: Place): Configured<Context, Instance> | undefined;
}

/** A module of the user's that was loaded. */
export interface LoadedOwn {
  /** What it makes: `source`, `sink` and so on. */
  readonly kind: string;
  readonly type: ComponentType<never, unknown>;
  /** Another one when its code has changed: a reload makes the component anew then. */
  readonly version: string;
}

/** Modules by the whole keys of the properties that name them, e.g. `a1.sources.r1.type`; or why one cannot be used. */
export type OwnTypes = ReadonlyMap<string, LoadedOwn | { readonly refused: string }>;

/** Where a component stands in its file. */
export interface Place {
  /** Its name for people, e.g. `source r1`. */
  readonly owner: string;
  /** The line of its `type`. */
  readonly line: number | undefined;
  readonly problems: Problems;
  /** Components of the user's that the file names. */
  readonly own?: OwnTypes | undefined;
}
