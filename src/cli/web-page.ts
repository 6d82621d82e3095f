/** The web page of a job that `streamjob run` runs: what its flags say, and what is told of it. */
import path from 'node:path';
import { StreamingContext } from '../api/streaming-context.ts';
import type { AgentInspection } from '../core/agent-inspection.ts';
import { systemClock, type Timer } from '../core/clock.ts';
import { durationMs } from '../core/duration.ts';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { TelemetryRegistry } from '../core/telemetry.ts';
import { type RunSettings, WatchedJob, type WebOptions } from '../observe/index.ts';
import type { LogTail } from '../observe/log-tail.ts';
import { Redaction } from '../observe/redaction.ts';
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
  /** What the components of the embedded agent are at; undefined: there is none. */
  readonly agent: (() => AgentInspection) | undefined;
  readonly run: RunSettings;
}

/** After the start of a job its page is opened with the first batch that is over, or after so many ms. */
const SOON_MS = 1000;

/** The page of a run, and what else watches it. */
export class WebPage {
  readonly #job: WatchedJob;
  readonly #options: Omit<WebOptions, 'page' | 'version'>;
  /** Whether somebody asked for its place: then the job does not run without it. */
  readonly #isAsked: boolean;
  #opening: Promise<void> | undefined;
  #isClosed = false;

  /** @throws UsageError; StreamjobError CONFIG_INVALID */
  constructor(ssc: StreamingContext, flags: RunFlags, telemetry: TelemetryRegistry, place: PagePlace) {
    const { readyLimit, uiHost: host = '127.0.0.1', uiPort: port } = flags;
    if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= LARGEST_PORT)) {
      throw new UsageError(`--ui-port must be a port from 0 to ${LARGEST_PORT}, not ${port}`);
    }
    const { agent, directory, log, logTail, run } = place;
    const token = flags.uiToken ?? process.env['STREAMJOB_UI_TOKEN'];
    const readyLimitMs =
      readyLimit === undefined
        ? Math.max(READY.leastMs, READY.intervals * ssc.batchInterval)
        : durationMs(readyLimit, '--ready-limit');
    const isWanted = flags.ui !== false;
    this.#isAsked = isWanted && (port !== undefined || flags.uiHost !== undefined);
    this.#options = {
      ...{ host, port: port ?? PORT, tries: port === undefined ? TRIES : 0, readyLimitMs, log },
      ...(token === undefined || token === '' ? {} : { token }),
    };
    this.#job = new WatchedJob(StreamingContext.observe(ssc, telemetry), {
      logTail,
      agent,
      run,
      redaction: redactionOf(flags),
      ...(directory === undefined ? {} : { historyFile: path.join(directory, 'history.jsonl') }),
    });
    if (isWanted && !this.#isAsked) this.#openSoon(ssc);
  }

  /** Before the job starts: opens the page where somebody asked for its place. @throws StreamjobError PORT_IN_USE, LISTEN_FAILED */
  async begin(): Promise<void> {
    await this.#job.exportIfAsked(this.#options.log, packageVersion());
    if (this.#isAsked) await this.#open();
  }

  summary(): ReturnType<WatchedJob['summary']> {
    return this.#job.summary();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#opening?.catch(() => {});
    await this.#job.close();
  }

  /** The start of a job need not wait for it. */
  #openSoon(ssc: StreamingContext): void {
    let timer: Timer | undefined;
    const open = (): void => {
      timer?.cancel();
      listening.unsubscribe();
      this.#opening ??= this.#open().catch((error: unknown) => {
        const { log } = this.#options;
        log.warn({ cause: messageOf(error) }, `the job runs without its page: ${messageOf(error)}`);
      });
    };
    const listening = ssc.events$.subscribe({
      next: ({ type }) => {
        if (type === 'streamingStarted') timer = systemClock.after(SOON_MS, open);
        if (type === 'batchCompleted') open();
      },
      complete: () => timer?.cancel(),
    });
  }

  async #open(): Promise<void> {
    const { log } = this.#options;
    const url = await this.#job.serve({ ...this.#options, version: packageVersion() });
    // A run that was over as soon has no page to look at.
    if (!this.#isClosed) log.info({ url }, `the job's page: ${url}`);
  }
}

/** What of values is not to be seen on the page. @throws UsageError */
function redactionOf({ uiRedact, uiRedactNames, uiValues }: RunFlags): Redaction {
  const text = uiRedact ?? process.env['STREAMJOB_UI_REDACT'] ?? '';
  const names = uiRedactNames ?? process.env['STREAMJOB_UI_REDACT_NAMES'] ?? '';
  let pattern: RegExp | undefined;
  try {
    pattern = text === '' ? undefined : new RegExp(text, 'gu');
  } catch (error) {
    throw new UsageError(`--ui-redact is no regular expression: ${messageOf(error)}`);
  }
  // One that finds the empty text would stand between all characters, and hide none.
  if (pattern?.test('') === true)
    throw new UsageError('--ui-redact finds the empty text: it must find what is to be hidden');
  const given = names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  // A variable of a shell that is not set must not show what was to be hidden.
  for (const [flag, isEmpty] of [
    ['--ui-redact', uiRedact === ''],
    ['--ui-redact-names', uiRedactNames !== undefined && given.length === 0],
  ] as const) {
    if (isEmpty) throw new UsageError(`${flag} is empty: give what is to be hidden, or leave it out`);
  }
  return new Redaction({ names: given, pattern, showsValues: uiValues !== false });
}
