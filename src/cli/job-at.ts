/** A job that runs, asked for by the REST endpoints of its page, so that it may run anywhere. */
import { messageOf, StreamjobError } from '../core/errors.ts';
import { timeoutSignal } from '../core/machine.ts';

/** Where a job is that nobody has given another port. */
export const STANDARD_URL = 'http://127.0.0.1:4040';
const ASK_MS = 5000;

/** A job at a URL. */
export class JobAt {
  readonly #url: URL;
  #name: string | undefined;

  /** @throws StreamjobError CONFIG_INVALID */
  constructor(url: string) {
    try {
      this.#url = new URL(url.includes('://') ? url : `http://${url}`);
    } catch {
      throw new StreamjobError('CONFIG_INVALID', `this is no URL: ${JSON.stringify(url)}`, {
        hint: `give that of the job's page, e.g. ${STANDARD_URL}`,
      });
    }
  }

  /**
   * What one of our own endpoints answers.
   * @param part what stands behind the job's name
   * @throws StreamjobError CONNECT_FAILED
   */
  async ask(part: string): Promise<unknown> {
    const { signal, end } = timeoutSignal(ASK_MS);
    try {
      const path = await this.#pathOf(part, signal);
      return await this.#json(path, signal);
    } finally {
      end();
    }
  }

  /**
   * The events that an endpoint sends, until it or `signal` ends.
   * @throws StreamjobError CONNECT_FAILED; CONFIG_INVALID when it is refused, with the reason that the job gives
   */
  async *events(part: string, signal: AbortSignal): AsyncGenerator<{ readonly name: string; readonly data: unknown }> {
    const response = await this.#fetch(await this.#pathOf(part, signal), signal);
    if (response.status === 400 || response.status === 404) {
      const { error } = (await response.json()) as { readonly error: string };
      throw new StreamjobError('CONFIG_INVALID', error, { where: this.#url.href });
    }
    if (!response.ok || response.body === null) throw this.#gone(new Error(`it answers ${response.status}`));
    const decoder = new TextDecoder();
    let text = '';
    try {
      for await (const bytes of response.body) {
        text += decoder.decode(bytes as Uint8Array, { stream: true });
        const events = text.split('\n\n');
        text = events.pop() ?? '';
        for (const event of events) {
          const [, name = '', data = ''] = /^event: (.*)\ndata: (.*)$/.exec(event) ?? [];
          if (name !== '') yield { name, data: JSON.parse(data) };
        }
      }
    } catch (error) {
      // A connection that breaks is the end of a job.
      if (!signal.aborted && error instanceof SyntaxError) throw error;
    }
  }

  async #pathOf(part: string, signal: AbortSignal): Promise<string> {
    const jobs = (this.#name === undefined ? await this.#json('api/v1/applications', signal) : []) as {
      readonly name: string;
    }[];
    this.#name ??= jobs[0]?.name ?? '';
    return `api/v1/applications/${encodeURIComponent(this.#name)}/${part}`;
  }

  async #json(path: string, signal: AbortSignal): Promise<unknown> {
    const response = await this.#fetch(path, signal);
    try {
      if (!response.ok) throw new Error(`it answers ${response.status}`);
      return await response.json();
    } catch (error) {
      throw this.#gone(error);
    }
  }

  async #fetch(path: string, signal: AbortSignal): Promise<Response> {
    try {
      return await fetch(new URL(path, this.#url), { signal });
    } catch (error) {
      throw this.#gone(error);
    }
  }

  #gone(cause: unknown): StreamjobError {
    // Another job may be there the next time.
    this.#name = undefined;
    return new StreamjobError('CONNECT_FAILED', `there is no job at ${this.#url.href}: ${messageOf(cause)}`, {
      hint: 'the log of a job says where its page is ("the job\'s page"); --no-ui has none',
      cause,
    });
  }
}
