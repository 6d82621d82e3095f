/** Opens the web page of a job, with its REST endpoints, metrics and health. */

import { RETAINED_BATCHES } from './history.ts';
import { HistoryFile } from './history-file.ts';
import type { LogTail } from './log-tail.ts';
import type { Observed } from './observed.ts';
import { Observer } from './observer.ts';
import { Page } from './web/page.ts';
import { type WebOptions, WebServer } from './web/server.ts';

export type { Observed } from './observed.ts';
export type { WaitingPeer } from './observer.ts';
export type { Overview, TimelineBatch } from './rest/own.ts';
export { durationText } from './verdict.ts';
export type { WebOptions } from './web/server.ts';

/** What is opened beside the server. */
export interface PageOptions extends Omit<WebOptions, 'page'> {
  /** Keeps the lines of the job's log. */
  readonly logTail?: LogTail;
  /** Where the history of batches is kept over restarts; left out: nowhere. */
  readonly historyFile?: string;
}

/** A page that is open. */
export interface OpenPage {
  /** Where it is. */
  readonly url: string;
  /** How the job does now, for its status line. */
  summary(): { readonly verdict: string; readonly heldEvents: number };
  close(): Promise<void>;
}

/**
 * Opens it. It is to be opened before the job starts, as it keeps what it hears from then on.
 * @throws StreamjobError PORT_IN_USE, LISTEN_FAILED
 */
export async function openPage(observed: Observed, options: PageOptions): Promise<OpenPage> {
  const observer = new Observer(observed, options.logTail);
  const file =
    options.historyFile === undefined ? undefined : new HistoryFile(options.historyFile, observed.clock, options.log);
  try {
    if (file !== undefined) {
      observer.history.addFormer(await file.load(RETAINED_BATCHES));
      observer.onBatch((batch) => file.add(batch));
    }
    const server = await WebServer.listen(observer, { ...options, page: Page.load() });
    return {
      url: server.url,
      summary: () => ({
        verdict: observer.verdict().text,
        heldEvents: observer.peers().reduce((sum, { events }) => sum + events, 0),
      }),
      async close() {
        observer.close();
        await server.close();
        await file?.close();
      },
    };
  } catch (error) {
    observer.close();
    throw error;
  }
}
