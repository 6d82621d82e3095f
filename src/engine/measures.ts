/** What engines can be watched by, whoever computes. */
import type { Telemetry } from '../core/telemetry.ts';

/**
 * How many keys each operator keeps.
 * @param states names are those across restarts
 * @returns each takes a gauge back
 */
export function registerStates(
  telemetry: Telemetry,
  states: readonly { readonly name: string; readonly keys: () => number }[],
): (() => void)[] {
  return states.map(({ name, keys }) =>
    telemetry.gauge('state_keys', { help: 'keys whose state is kept', labels: { operator: name } }, keys),
  );
}
