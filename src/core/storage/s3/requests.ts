/** What is asked of the thread that talks to S3, and what it answers: plain data. */

/** A request. Keys are whole; a prefix is what keys begin with. */
export type S3Request =
  | { readonly type: 'put'; readonly bucket: string; readonly key: string; readonly body: Uint8Array }
  /** A part of an object; shorter where it ends before. */
  | {
      readonly type: 'get';
      readonly bucket: string;
      readonly key: string;
      readonly offset: number;
      /** Undefined: to its end. */
      readonly length: number | undefined;
    }
  /** @param below whether what stands behind a slash is listed, too; else the names of such are, with their slash */
  | { readonly type: 'list'; readonly bucket: string; readonly prefix: string; readonly below: boolean }
  | { readonly type: 'remove'; readonly bucket: string; readonly keys: readonly string[] }
  | { readonly type: 'copy'; readonly bucket: string; readonly from: string; readonly to: string }
  /** How large it is, in bytes. */
  | { readonly type: 'size'; readonly bucket: string; readonly key: string };

/** The answers. */
export interface S3Answers {
  readonly put: undefined;
  readonly get: Uint8Array<ArrayBuffer>;
  readonly list: readonly string[];
  readonly remove: undefined;
  readonly copy: undefined;
  readonly size: number;
}

/** A request on its way. */
export interface AskedS3 {
  readonly id: number;
  readonly request: S3Request;
  /** Set to 1 when the answer is there, for who waits for it without a turn of the event loop. */
  readonly signal: Int32Array<SharedArrayBuffer> | undefined;
}

/** An answer on its way. */
export interface AnsweredS3 {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: S3Failure;
}

/** Why there is no answer. */
export interface S3Failure {
  readonly message: string;
  /** ENOENT, EACCES, or the name that S3 or its client gives it. */
  readonly code: string;
}

/** How long a request may take at most, in ms, however often it is tried. */
export function mostMsOf(request: S3Request): number {
  const bytes = request.type === 'put' ? request.body.length : request.type === 'get' ? (request.length ?? 0) : 0;
  return BASE_MS + bytes / SLOWEST_BYTES_PER_MS;
}

const BASE_MS = 30_000;
/** What is slower is taken for one that does not answer: 2 MB in a second. */
const SLOWEST_BYTES_PER_MS = 2000;
