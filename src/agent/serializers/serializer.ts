/** What a serializer is: it makes the bytes of events in a file. Sinks that write files have one as a nested component. */
import type { PlainEvent } from '../../core/event.ts';
import type { ComponentType } from '../component/component-type.ts';

/** The bytes of one file, in parts that are written one behind the other; a part may be an event's own body. */
export interface FileSerializer {
  /** What stands at the beginning. */
  begin(): readonly Uint8Array[];
  /** The events of a batch, which stand behind what was made before. */
  batch(events: readonly PlainEvent[]): readonly Uint8Array[];
}

/** Begins a file. */
export type Serializer = () => FileSerializer;

/** What a serializer is given. */
export interface SerializerContext {
  /** The component it is in, for people: `sink k1`. */
  readonly owner: string;
}

/** A type of serializer. */
export type SerializerType = ComponentType<SerializerContext, Serializer>;

/** What ends a line. */
export const NEWLINE: Uint8Array = Buffer.from('\n');

/** A serializer of files that have nothing but their events, each by itself. */
export function ofEvents(bytesOf: (event: PlainEvent) => readonly Uint8Array[]): Serializer {
  const file: FileSerializer = { begin: () => [], batch: (events) => events.flatMap(bytesOf) };
  return () => file;
}
