/** What the components of an agent are at, for those who look from outside: asked for then, and only then. Plain data. */

/** A file that a source reads. */
export interface FileProgress {
  /** Its path. */
  readonly file: string;
  /** What is before this is in the channel, in bytes. */
  readonly position: number;
  /** As it was seen last, in bytes. */
  readonly size: number;
}

/** How full something is, in bytes. */
export interface ByteFill {
  readonly held: number;
  /** Undefined: there is no bound. */
  readonly capacity: number | undefined;
}

/** A component. */
export interface ComponentInspection {
  readonly kind: 'source' | 'channel' | 'sink' | 'processor';
  readonly name: string;
  /** Its type, as docs/components.md has it. */
  readonly type: string;
  /** `starting`: it has not started, or could not yet. `failing`: what it did last has failed; it is tried again. */
  readonly state: 'starting' | 'running' | 'failing';
  /** Why it does not start, or fails. */
  readonly problem: string | undefined;
  /** What it listens on, or sends to, or reads: an address or a directory. */
  readonly place: string | undefined;
  /** Those of a source, or that of a sink. */
  readonly channels: readonly string[];
  /** Of a sink: the group that it is in, where the file has one. */
  readonly group: string | undefined;
  /** Of a source: the types of its interceptors, in their order. */
  readonly interceptors: readonly string[];
  /** Of a source: the type of what chooses its channels. */
  readonly selector: string | undefined;
  /** Under Flume's names. */
  readonly counters: Readonly<Record<string, number>>;
  /** Of a source that reads files: those with the most left to read. */
  readonly files: readonly FileProgress[];
  /** How many files it reads in all. */
  readonly filesInAll: number;
  /** Of a channel that counts bytes. */
  readonly bytes: ByteFill | undefined;
}

/** An agent. */
export interface AgentInspection {
  readonly name: string;
  /** Sources, then channels, then processors and sinks. */
  readonly components: readonly ComponentInspection[];
}
