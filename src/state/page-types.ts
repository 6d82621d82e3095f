/** What goes into pages of keys, and what comes of it: see pages.ts. */
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
