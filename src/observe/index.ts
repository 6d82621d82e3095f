/** A job that is watched: its history, and the server of its page, REST endpoints, metrics and health. */
import type { AgentInspection } from '../core/agent-inspection.ts';
import type { Logger } from '../core/log.ts';
import { RETAINED_BATCHES } from './history.ts';
import { HistoryFile } from './history-file.ts';
import { LineFile } from './line-file.ts';
import type { LogTail } from './log-tail.ts';
import { type Minute, MOST_MINUTES, parseMinute } from './minutes.ts';
import type { Observed } from './observed.ts';
import { Observer } from './observer.ts';
import { isOpenTelemetryAsked } from './otel/asked.ts';
import type { Redaction } from './redaction.ts';
import type { RunSettings } from './settings.ts';
import type { WebOptions, WebServer } from './web/server.ts';

export type { Observed } from './observed.ts';
export type { WaitingPeer } from './observer.ts';
export type { Overview, TimelineBatch } from './rest/own.ts';
export type { Origin, RunSettings } from './settings.ts';
export { durationText } from './verdict.ts';
export type { WebOptions } from './web/server.ts';

/** A minute has some 500 bytes: two files of this size hold more than a day. */
const MOST_MINUTES_BYTES = 1024 * 1024;

/** What a watched job may be given. */
export interface WatchOptions {
  /** Keeps the lines of the job's log. */
  readonly logTail?: LogTail;
  /** What the components of the embedded agent are at. */
  readonly agent?: (() => AgentInspection) | undefined;
  /** Where the values of settings came from. */
  readonly run?: RunSettings | undefined;
  /** What of values is not shown; left out: all is. */
  readonly redaction?: Redaction;
  /** Where the history of batches is kept over restarts; left out: nowhere. */
  readonly historyFile?: string;
}

/** A job that is watched from its start on. */
export class WatchedJob {
  readonly #observer: Observer;
  readonly #observed: Observed;
  readonly #historyFile: string | undefined;
  #file: HistoryFile | undefined;
  #minutes: LineFile<Minute> | undefined;
  #server: WebServer | undefined;
  #endExport: (() => Promise<void>) | undefined;
  #isClosed = false;

  /** To be made before the job starts: it keeps what it hears from then on. */
  constructor(observed: Observed, { agent, historyFile, logTail, redaction, run }: WatchOptions = {}) {
    this.#observed = observed;
    this.#observer = new Observer(observed, { log: logTail, agent, redaction, run });
    this.#historyFile = historyFile;
  }

  /**
   * Serves its page. What serves it is loaded now: a start without it is a third shorter.
   * @returns where it is
   * @throws StreamjobError PORT_IN_USE, LISTEN_FAILED
   */
  async serve(options: Omit<WebOptions, 'page'>): Promise<string> {
    const [{ Page }, { WebServer }] = await Promise.all([import('./web/page.ts'), import('./web/server.ts')]);
    if (this.#historyFile !== undefined && this.#file === undefined) {
      await this.#keepMinutes(this.#historyFile, options);
      const file = new HistoryFile(this.#historyFile, this.#observed.clock, options.log);
      const former = await file.load(RETAINED_BATCHES);
      for (const batch of this.#observer.history.over) file.add(batch);
      this.#observer.onBatch((batch) => file.add(batch));
      this.#observer.history.addFormer(former);
      this.#file = file;
    }
    const server = await WebServer.listen(this.#observer, { ...options, page: Page.load() });
    if (this.#isClosed) await server.close();
    this.#server = server;
    return server.url;
  }

  /** Beside the file of batches, in one of its own. */
  async #keepMinutes(historyFile: string, { log }: Pick<WebOptions, 'log'>): Promise<void> {
    const file = `${historyFile.replace(/\.jsonl$/, '')}-minutes.jsonl`;
    const { clock } = this.#observed;
    const what = 'the history of minutes';
    const lines = new LineFile({ file, mostBytes: MOST_MINUTES_BYTES, what, parse: parseMinute, clock, log });
    // A minute in which a run has ended and another one begun stands in two lines.
    const former = await lines.load(2 * MOST_MINUTES);
    const { minutes } = this.#observer;
    minutes.onOver((minute) => lines.add(minute));
    minutes.addFormer(former);
    this.#minutes = lines;
  }

  /** Sends what is measured by OpenTelemetry, where the environment asks for that. */
  async exportIfAsked(log: Logger, version: string): Promise<void> {
    if (!isOpenTelemetryAsked(process.env)) return;
    const { startOpenTelemetry } = await import('./otel/start.ts');
    this.#endExport = await startOpenTelemetry(this.#observer, log, version);
  }

  /** How the job does now, for its status line. */
  summary(): { readonly verdict: string; readonly heldEvents: number } {
    return { verdict: this.#observer.verdict().text, heldEvents: this.#observer.heldEvents };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#observer.close();
    await this.#server?.close();
    await this.#file?.close();
    this.#observer.minutes.end();
    await this.#minutes?.close();
    await this.#endExport?.();
  }
}
