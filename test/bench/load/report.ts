/** What a load program says of itself, a line of JSON. */

/** Counts are since its start, latencies and CPU since the last `mark`. */
export interface LoadReport {
  /** It has ended, and this is its last. */
  readonly stopped: boolean;
  readonly sent: number;
  /** Events whose request was answered OK. */
  readonly acked: number;
  /** Requests or connections that failed. */
  readonly failed: number;
  /** Why the first of them did. */
  readonly failure?: string;
  /** From a request to its answer. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuSeconds?: number;
}
