/** What a driver is measured with. */
export interface Load {
  readonly kind: 'words' | 'state' | 'idle';
  /** `parallelism` of the job. */
  readonly partitions: number;
  readonly receivers: number;
  /** That each receiver offers for a batch. */
  readonly blocks: number;
  readonly eventsOfBlock: number;
  /** Different ones. */
  readonly words: number;
  /** Of the cluster: so many tasks a stage has at most. */
  readonly cores: number;
  /** Batches that are measured, after some that are not. */
  readonly batches: number;
  /** The directory of the storage. */
  readonly storage: string;
}

/** What a batch took in the driver. */
export interface DriverBatch {
  /** User and system time since the batch before, in ms: offers, the plan, what comes back, settling. */
  readonly cpuMs: number;
  /** From the cut to the commit, in ms. */
  readonly wallMs: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
}
