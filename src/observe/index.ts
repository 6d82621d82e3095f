/** Opens the web page of a job, with its REST endpoints, metrics and health. */

import type { Observed } from './observed.ts';
import { Observer } from './observer.ts';
import { Page } from './web/page.ts';
import { type WebOptions, WebServer } from './web/server.ts';

export type { Observed } from './observed.ts';
export type { WebOptions } from './web/server.ts';

/** A page that is open. */
export interface OpenPage {
  /** Where it is. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Opens it. It is to be opened before the job starts, as it keeps what it hears from then on.
 * @throws StreamjobError PORT_IN_USE, LISTEN_FAILED
 */
export async function openPage(observed: Observed, options: Omit<WebOptions, 'page'>): Promise<OpenPage> {
  const observer = new Observer(observed);
  try {
    const server = await WebServer.listen(observer, { ...options, page: Page.load() });
    return {
      url: server.url,
      async close() {
        observer.close();
        await server.close();
      },
    };
  } catch (error) {
    observer.close();
    throw error;
  }
}
