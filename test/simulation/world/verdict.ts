/** What `simulate.ts --until-failure` says of a seed: one line of JSON on stdout. */

/** What became of a seed. */
export interface Verdict {
  readonly seed: number;
  /** The promises that were broken, the first of them first; undefined: all held. */
  readonly promise: string | undefined;
  readonly what: string | undefined;
}
