/** What goes into pages of keys, and what comes of it: see pages.ts. */
import type { StreamjobError } from '../core/errors.ts';
import type { StoredEntry } from './store.ts';

/** How what a page holds becomes bytes. */
export interface PageFormat {
  /** A state as it can be encoded. @throws StreamjobError CHECKPOINT_VALUE */
  readonly plain: (state: unknown, operator: string) => unknown;
  readonly encode: (values: readonly unknown[]) => Uint8Array;
  /** The values as they were encoded. */
  readonly decode: (bytes: Uint8Array) => unknown[];
  /** The inverse of `plain`; may change the state in place. */
  readonly revive: (state: unknown) => unknown;
}

/** Pages on disk, by number. @throws StreamjobError FILE_ACCESS */
export interface Pages {
  readonly read: (number: number) => Uint8Array | undefined;
  readonly write: (writes: Iterable<readonly [number: number, bytes: Uint8Array | undefined]>) => void;
  readonly clear: () => void;
}

/** Where stores have their pages. */
export interface PagePlace {
  readonly states: {
    /** How many keys of each operator are kept in memory beside what the open batch changes. */
    readonly cachedKeys: number;
    /** How many pages of each operator are kept decoded that were read last. Default: 64. */
    readonly recentPages?: number;
    readonly format: PageFormat;
    /** Takes what failed after a commit and is tried again before the next one. */
    readonly warn: (error: StreamjobError) => void;
  };
  readonly pages: (operator: string) => Pages;
  /** Whether what was in it cannot be read any more. */
  readonly isLost: boolean;
  /** Begins again with nothing in it. */
  readonly reset: () => Promise<void>;
}

/** What a table of pages knows of a bucket beside the pages: plain data. */
export interface BucketDirectory {
  readonly bucket: number;
  readonly keys: number;
  /** Bytes of each page; 0: there is nothing in it. */
  readonly lengths: Uint32Array;
  /** Of the entries of each page the oldest update, in ms since the epoch; Infinity when there are none. */
  readonly oldest: Float64Array;
}

/** What a table of pages knows beside the pages; buckets without keys are left out. */
export type TableDirectory = readonly BucketDirectory[];

/** A page as it is to be. */
export interface PageWrite {
  readonly page: number;
  /** Undefined: there is nothing in it. */
  readonly bytes: Uint8Array | undefined;
  /** Of its entries the oldest update; Infinity when there are none. */
  readonly oldest: number;
}

/** A bucket as it is to be. */
export interface BucketRewrite {
  readonly bucket: number;
  /** Of its pages; when it is another than before, each page is in `writes`. */
  readonly count: number;
  readonly keys: number;
  readonly writes: readonly PageWrite[];
}

/** What a batch changes, as pages. */
export type Rewrite = readonly BucketRewrite[];

/** A key as it is to be. */
export type KeyChange = StoredEntry | { readonly gone: unknown };

/** Changes of a bucket. */
export interface BucketEntries {
  /** Whether nothing else stays in it. */
  readonly whole: boolean;
  /** By `identityOf` their keys. */
  readonly changes: Map<unknown, KeyChange>;
}
