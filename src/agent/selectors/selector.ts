/** What a selector is: it chooses the channels that an event of a source goes to. */
import type { PlainEvent } from '../../core/event.ts';
import type { Channel } from '../channels/channel.ts';
import type { ComponentType } from '../component/component-type.ts';

/** Where an event goes. */
export interface Selection {
  /** A failure of one of these fails the source's batch. */
  readonly required: readonly Channel[];
  /** A failure of one of these is logged and forgotten. */
  readonly optional: readonly Channel[];
}

/** Chooses for one event. */
export type Selector = (event: PlainEvent) => Selection;

/** What a selector is given. */
export interface SelectorContext {
  /** The source's channels by name, in the order of its `channels`. */
  readonly channels: ReadonlyMap<string, Channel>;
}

/** A type of selector. */
export type SelectorType = ComponentType<SelectorContext, Selector>;
