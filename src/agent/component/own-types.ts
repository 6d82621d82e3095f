/**
 * Components that a user has written: modules that a flume.conf names where the type of a component stands. They are loaded before the
 * file is read, and found by the key of the property that names them.
 */
import type { ComponentType, LoadedOwn } from './component-type.ts';

/** The kinds of components that a user can write, by the words that their registries have. */
export const OWN_KINDS = ['source', 'channel', 'sink', 'interceptor', 'selector', 'serializer'] as const;
/** One of them. */
export type OwnKind = (typeof OWN_KINDS)[number];

/** What the default export of such a module is: made by `defineSource`, `defineSink` and so on. */
export interface OwnComponent<K extends OwnKind, Context, Instance> {
  /** Copies of this package may be there twice, so that a component is known by this, and not by a class. */
  readonly kind: `streamjob.${K}`;
  readonly type: ComponentType<Context, Instance>;
}

/** The component that a module exports as its default. @returns undefined when it is none */
export function ownComponentOf(exported: unknown): Pick<LoadedOwn, 'kind' | 'type'> | undefined {
  if (typeof exported !== 'object' || exported === null || !('kind' in exported) || !('type' in exported))
    return undefined;
  const kind = OWN_KINDS.find((each) => exported.kind === `streamjob.${each}`);
  // What has the mark was made by one of the define functions.
  return kind === undefined ? undefined : { kind, type: exported.type as ComponentType<never, unknown> };
}

/** The name of the function that makes components of a kind. @example defineName('source') // 'defineSource' */
export function defineName(kind: string): string {
  return `define${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
}
