/** A job of the test kit that worker threads build again. */
import type { BuildTestJob } from '../../../src/testing.ts';

const build: BuildTestJob<{ counts: readonly [string, number]; lengths: number }> = (_, input) => {
  const words = input<string>('words');
  return {
    counts: words.map((word) => [word, 1] as const).updateStateByKey((ones, sum) => (sum ?? 0) + ones.length),
    lengths: words.map((word) => word.length),
  };
};

export default build;
