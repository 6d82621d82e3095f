/** The web page of a job that `streamjob run` runs: what its flags say, and what is told of it. */
import path from 'node:path';
import { StreamingContext } from '../api/streaming-context.ts';
import { durationMs } from '../core/duration.ts';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { TelemetryRegistry } from '../core/telemetry.ts';
import type { OpenPage } from '../observe/index.ts';
import type { LogTail } from '../observe/log-tail.ts';
import type { RunFlags } from './run-flags.ts';
import { UsageError } from './usage-error.ts';
import { packageVersion } from './version.ts';

/** Spark's spark.ui.port, and how many behind it are tried (spark.port.maxRetries). */
const PORT = 4040;
const TRIES = 16;
const LARGEST_PORT = 65_535;
/** How many batch intervals, and ms at least, a batch may take before the job is not ready. */
const READY = { intervals: 10, leastMs: 30_000 };

/** What the page has of the run. */
export interface PagePlace {
  readonly log: Logger;
  readonly logTail: LogTail;
  /** Where the job keeps what is to survive a restart; undefined: nowhere. */
  readonly directory: string | undefined;
}

/**
 * Opens the page before the job starts.
 * @returns undefined with `--no-ui`
 * @throws UsageError, StreamjobError CONFIG_INVALID, PORT_IN_USE where a port was asked for, LISTEN_FAILED
 */
export async function openWebPage(
  ssc: StreamingContext,
  flags: RunFlags,
  telemetry: TelemetryRegistry,
  { directory, log, logTail }: PagePlace,
): Promise<OpenPage | undefined> {
  if (flags.ui === false) return undefined;
  const { readyLimit, uiHost: host = '127.0.0.1', uiPort: port } = flags;
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= LARGEST_PORT)) {
    throw new UsageError(`--ui-port must be a port from 0 to ${LARGEST_PORT}, not ${port}`);
  }
  const token = flags.uiToken ?? process.env['STREAMJOB_UI_TOKEN'];
  const readyLimitMs =
    readyLimit === undefined
      ? Math.max(READY.leastMs, READY.intervals * ssc.batchInterval)
      : durationMs(readyLimit, '--ready-limit');
  // Only who runs a job with the page loads it.
  const { openPage } = await import('../observe/index.ts');
  const opened = openPage(StreamingContext.observe(ssc, telemetry), {
    host,
    port: port ?? PORT,
    tries: port === undefined ? TRIES : 0,
    readyLimitMs,
    version: packageVersion(),
    log,
    logTail,
    ...(directory === undefined ? {} : { historyFile: path.join(directory, 'history.jsonl') }),
    ...(token === undefined || token === '' ? {} : { token }),
  });
  try {
    const page = await opened;
    log.info({ url: page.url }, `the job's page: ${page.url}`);
    return page;
  } catch (error) {
    if (port !== undefined || flags.uiHost !== undefined) throw error;
    log.warn({ cause: messageOf(error) }, `the job runs without its page: ${messageOf(error)}`);
    return undefined;
  }
}
