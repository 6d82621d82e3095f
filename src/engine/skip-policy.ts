/** What becomes of values that users' functions threw on, when the policy is to leave them out: onPoison 'skip'. */
import type { Skip } from '../graph/lineage.ts';

/** One value that was left out. Plain data. */
export interface Letter {
  /** The operator whose function threw. */
  readonly operator: string;
  /** The line of the job that threw, as file:line:column; else that of the operator. Left out when neither is known. */
  readonly where?: string;
  readonly error: { readonly message: string; readonly code?: string };
  /**
   * What the operator was given: a Flume event as its headers and its body, as text when it is UTF-8 and in base64 when it is
   * not; any other value as JSON has it.
   */
  readonly event: unknown;
}

/** Takes the values that users' functions threw on, when the policy is to leave them out. */
export interface SkipPolicy {
  /** Whether values may be left out now: while the stages of a batch run, not while its outputs do. */
  readonly active: boolean;
  /** Runs what is kept as one result: if it fails, what was left out on the way counts as not left out. */
  stage<T>(run: () => Promise<T>): Promise<T>;
  /** Leaves a value out. @throws the error, when it is not the value's fault */
  readonly skip: Skip;
  /** Takes what another thread left out. */
  add(letters: readonly Letter[]): void;
}
