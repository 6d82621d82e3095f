/** At which port the counters of an agent are shown: `--monitor-port`, or the properties of Flume's monitoring. */
import type { Logger } from '../core/log.ts';
import { UsageError } from './usage-error.ts';

const LARGEST_PORT = 65_535;

/**
 * @param own of `--monitor-port`
 * @param system of `-Dflume.monitoring.type=http -Dflume.monitoring.port=41414`
 * @returns undefined when nothing is to be shown
 * @throws UsageError for what is no port, and for kinds of monitoring that are not here
 */
export function monitorPort(
  own: number | undefined,
  system: Readonly<Record<string, string>>,
  log: Logger,
): number | undefined {
  if (own !== undefined) return checked('--monitor-port', own);
  const type = system['flume.monitoring.type'];
  if (type === undefined) return undefined;
  if (type.toLowerCase() !== 'http') {
    log.warn(
      { type },
      `flume.monitoring.type is ${type}, which is not here: use http (JSON of Flume's, and what Prometheus reads)`,
    );
    return undefined;
  }
  const port = system['flume.monitoring.port'];
  return checked('flume.monitoring.port', port === undefined ? 41_414 : Number(port));
}

function checked(name: string, port: number): number {
  if (Number.isInteger(port) && port >= 0 && port <= LARGEST_PORT) return port;
  throw new UsageError(`${name} is ${port}, expected a port from 0 to ${LARGEST_PORT}`);
}
