/** Samples from a seed: the same seed gives the same sample of the same data. */
import { StreamjobError } from '../../core/errors.ts';
import type { Step } from '../lineage.ts';
import { partitionSeed, poisson, seededRandom } from '../random.ts';

/** @param fraction of the values; with replacement, how often each is expected */
export function sampleStep<T>(withReplacement: boolean, fraction: number, seed: number): Step<T, T> {
  if (!(fraction >= 0) || (!withReplacement && fraction > 1)) {
    throw new StreamjobError('CONFIG_INVALID', `fraction cannot be ${fraction}`, {
      where: 'sample',
      hint: withReplacement ? 'give a number of at least 0' : 'give a number from 0 to 1',
    });
  }
  return {
    name: 'sample',
    open: (partition, down) => {
      const random = seededRandom(partitionSeed(seed, partition));
      return {
        push: (value) => {
          const times = withReplacement ? poisson(fraction, random) : Number(random() < fraction);
          for (let i = 0; i < times; i++) down.push(value);
        },
        end: () => down.end(),
      };
    },
  };
}

/** The values whose random number lies in [from, to): with the same seed, neighbouring ranges split the values. */
export function rangeSampleStep<T>(from: number, to: number, seed: number): Step<T, T> {
  return {
    name: 'randomSplit',
    open: (partition, down) => {
      const random = seededRandom(partitionSeed(seed, partition));
      return {
        push: (value) => {
          const number = random();
          if (number >= from && number < to) down.push(value);
        },
        end: () => down.end(),
      };
    },
  };
}
