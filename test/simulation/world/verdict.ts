/** What `simulate.ts --until-failure` says of a seed: one line of JSON on stdout. */

/** What became of a seed. */
export interface Verdict {
  readonly seed: number;
  /** The first promise that was broken; undefined: all held. */
  readonly promise: string | undefined;
  readonly what: string | undefined;
}
