/** What a deserializer of the spooling directory source is: it makes events of a file, and says how far they go. */
import type { FileHandle } from 'node:fs/promises';
import { StreamjobError } from '../../../core/errors.ts';
import type { Charset, DecodeErrorPolicy } from '../../component/charset/charset.ts';
import type { ComponentType } from '../../component/component-type.ts';
import type { Progress, Start } from './position.ts';

/** One event of a file. */
export interface Deserialized {
  readonly body: Buffer;
  /** What the deserializer says of it; the source adds the headers of its file. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether it is a piece of something longer than the longest. */
  readonly cut?: boolean;
}

/** A file that is being read. */
export interface Deserializer {
  /** How far the events go that were read. */
  readonly progress: Progress;
  /** What is told once when an event is a piece; undefined: none ever is. */
  readonly whenCut?: string;
  /**
   * Up to `count` events. Fewer at the end of the file, before what cannot be read, and where their bytes would be too many to be held at
   * once; none at the end only.
   * @throws StreamjobError EVENT_UNREADABLE when the very next event cannot be read
   */
  read(count: number): Promise<Deserialized[]>;
}

/** Begins with a file, which stays the caller's to close. @throws StreamjobError EVENT_UNREADABLE when it is no file of the kind */
export type OpenDeserializer = (file: FileHandle, start: Start) => Promise<Deserializer>;

/** What the source's own properties say of how files are read. */
export interface DeserializerContext {
  readonly charset: Charset;
  readonly policy: DecodeErrorPolicy;
  /** By the old name that Flume has for it: characters of the longest line. */
  readonly longestLine: number | undefined;
}

/** A type of deserializer. */
export type DeserializerType = ComponentType<DeserializerContext, OpenDeserializer>;

/** A batch of large events ends when it has so many bytes, whatever batchSize says: 100 events can be 10 GB. */
export const BATCH_BYTES: number = 16 * 1024 * 1024;

/** A file that cannot be read on. */
export function unreadable(message: string, hint?: string, cause?: unknown): StreamjobError {
  return new StreamjobError('EVENT_UNREADABLE', message, { ...(hint === undefined ? {} : { hint }), cause });
}
