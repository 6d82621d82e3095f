/**
 * What every component of the agent is declared with: its type name, the names that Flume's files use for it, its
 * properties, and how it is made from their values. Validation, defaults and documentation derive from it.
 */
import type { Named } from '../../core/registry.ts';
import { nearest } from '../../core/registry.ts';
import type { Reliability } from '../../core/reliability.ts';
import { Expected, type Field, type Fields, type Values } from './fields.ts';
import type { Problems } from './problems.ts';
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
  /** The level that a sink processor is made for; undefined: it leaves events where they are. */
  readonly reliability?: Reliability;
}

/** A component whose properties were read and are right. */
export interface Configured<Context, Instance> {
  readonly type: string;
  readonly limits: Limits;
  create(context: Context): Instance;
}

/** A type of component. */
export interface ComponentType<Context, Instance> extends Named {
  /** What it does, for people. */
  readonly doc: string;
  readonly fields: Fields;
  /** Reads the properties; findings go to `problems`. `undefined` when there were errors. */
  configure(settings: Settings, at: Place): Configured<Context, Instance> | undefined;
}

/** Where a component stands in its file. */
export interface Place {
  /** Its name for people, e.g. `source r1`. */
  readonly owner: string;
  /** The line of its `type`. */
  readonly line: number | undefined;
  readonly problems: Problems;
}

/** How a component is declared. */
export interface Declaration<F extends Fields, Context, Instance> {
  readonly type: string;
  readonly aliases?: readonly string[];
  readonly doc: string;
  readonly fields: F;
  /** Checks that concern several properties; `complain` names the property that is to be changed. */
  readonly check?: (
    values: Values<F>,
    complain: (property: string, message: string) => void,
    settings: Settings,
  ) => void;
  readonly limits?: (values: Values<F>) => Limits;
  readonly create: (values: Values<F>, context: Context, settings: Settings) => Instance;
}

/** Makes a component type of a declaration. */
export function defineComponent<F extends Fields, Context, Instance>(
  declaration: Declaration<F, Context, Instance>,
): ComponentType<Context, Instance> {
  const { type, aliases, doc, fields, check, limits, create } = declaration;
  return {
    type,
    ...(aliases === undefined ? {} : { aliases }),
    doc,
    fields,
    configure(settings, at) {
      const before = at.problems.errors.length;
      const values = readValues(fields, settings, at);
      warnOfUnknown(fields, settings, at);
      const done = at.problems.errors.length === before;
      if (done) {
        const complain = (property: string, message: string): void =>
          at.problems.error(settings.get(property)?.line ?? at.line, `${at.owner}: ${property} ${message}`);
        check?.(values, complain, settings);
      }
      if (at.problems.errors.length > before) return undefined;
      return {
        type,
        limits: limits?.(values) ?? {},
        create: (context) => create(values, context, settings),
      };
    },
  };
}

function readValues<F extends Fields>(fields: F, settings: Settings, at: Place): Values<F> {
  const values: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    if (name.endsWith('.*')) continue;
    values[name] = readOne(name, field, settings, at);
  }
  return values as Values<F>;
}

function readOne(name: string, field: Field<unknown>, settings: Settings, at: Place): unknown {
  const setting = [name, ...(field.aliases ?? [])].map((key) => settings.get(key)).find((found) => found !== undefined);
  const given = setting?.value === '' ? undefined : setting?.value;
  if (setting !== undefined && given === undefined) {
    at.problems.warn(setting.line, `${setting.key} has no value and is ignored`);
  }
  const text = given ?? field.fallback;
  if (text === undefined) {
    if (field.required) at.problems.error(at.line, `${at.owner}: the property ${name} is missing (${field.doc})`);
    return undefined;
  }
  const value = field.parse(text);
  if (!(value instanceof Expected)) return value;
  at.problems.error(
    setting?.line ?? at.line,
    `${setting?.key ?? name} is ${JSON.stringify(text)}, expected ${value.text}`,
  );
  return undefined;
}

/** Flume ignores properties it does not know, and files written for it must load: so it is a warning, with what was perhaps meant. */
function warnOfUnknown(fields: Fields, settings: Settings, at: Place): void {
  const known = Object.entries(fields).flatMap(([name, field]) => [name, ...(field.aliases ?? [])]);
  const prefixes = known.filter((name) => name.endsWith('.*')).map((name) => name.slice(0, -1));
  for (const [name, setting] of settings) {
    if (known.includes(name) || prefixes.some((prefix) => name.startsWith(prefix))) continue;
    const near = nearest(name, known);
    const meant = near === undefined ? '' : `; did you mean ${near}?`;
    at.problems.warn(setting.line, `${at.owner} has no property ${name}, it is ignored${meant}`);
  }
}
