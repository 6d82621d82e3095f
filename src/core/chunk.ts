/** A piece of data that is run without a break: a block of events as it came, or a slice of values in memory. */
export interface Chunk<T> {
  readonly count: number;
  forEach(visit: (value: T) => void): void;
}
