/** Events that are on their way, as those see them who look from outside. */

/** Events at one step. */
export interface Held {
  readonly events: number;
  /** When the oldest of them came, in ms since the epoch; undefined: there are none, or nobody knows. */
  readonly since: number | undefined;
}
