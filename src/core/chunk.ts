/** A piece of data that is run without a break: a block of events as it came, or a slice of values in memory. */
export interface Chunk<T> {
  readonly count: number;
  forEach(visit: (value: T) => void): void;
}

/** Values in memory as a chunk. */
export function valuesChunk<T>(values: readonly T[]): Chunk<T> & { readonly values: readonly T[] } {
  return {
    values,
    count: values.length,
    forEach(visit) {
      for (const value of values) visit(value);
    },
  };
}
