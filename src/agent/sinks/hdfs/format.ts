/** What the format of a file is for the hdfs sink. */
import type { PlainEvent } from '../../../core/event.ts';

/** The bytes of one file. */
export interface FileFormat {
  /** The bytes of events that stand behind those of the calls before; the first ones with what begins the file. */
  bytesOf(events: readonly PlainEvent[]): Buffer;
  /** What was made last is not in the file: the next bytes stand where it would. */
  takeBack(): void;
}

/** Begins a file. */
export type BeginFile = () => FileFormat;
