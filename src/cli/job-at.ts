/** A job that runs, asked for by the REST endpoints of its page, so that it may run anywhere. */
import { messageOf, StreamjobError } from '../core/errors.ts';
import { after, timeoutSignal } from '../core/machine.ts';
import { masked } from '../observe/secrets.ts';
import { harmless } from './harmless.ts';

/** Where a job is that nobody has given another port. */
export const STANDARD_URL = 'http://127.0.0.1:4040';
const ASK_MS = 5000;
/** Of one event, in characters: a tap has 200 values of 8,000 at most. */
const MOST_CHARACTERS = 16 * 1024 * 1024;

/** A job at a URL. */
export class JobAt {
  readonly #url: URL;
  /** For a proxy that asks for a name and a password: they stood in the URL, and are shown nowhere. */
  readonly #headers: Readonly<Record<string, string>>;
  #name: string | undefined;

  /** @throws StreamjobError CONFIG_INVALID */
  constructor(url: string) {
    const asked = urlOf(url);
    const { password, username } = asked;
    const given = `${plain(username)}:${plain(password)}`;
    this.#headers = given === ':' ? {} : { authorization: `Basic ${Buffer.from(given).toString('base64')}` };
    asked.username = '';
    asked.password = '';
    // A path is that of the page: /jobs/one and /jobs/one/ are the same.
    if (!asked.pathname.endsWith('/')) asked.pathname += '/';
    this.#url = asked;
  }

  /**
   * What one of our own endpoints answers.
   * @param part what stands behind the job's name
   * @param isAnswer whether it is what a job of ours answers
   * @throws StreamjobError CONNECT_FAILED
   */
  async ask(part: string, isAnswer: (value: object) => boolean): Promise<object> {
    const { signal, end } = timeoutSignal(ASK_MS);
    try {
      const path = await this.#pathOf(part, signal);
      const answer = await this.#json(path, signal);
      if (typeof answer === 'object' && answer !== null && isAnswer(answer)) return answer;
      throw this.#gone(new Error(NOT_OURS));
    } finally {
      end();
    }
  }

  /**
   * The events that an endpoint sends, until it or `signal` ends.
   * @throws StreamjobError CONNECT_FAILED; CONFIG_INVALID when it is refused, with the reason that the job gives
   */
  async *events(part: string, signal: AbortSignal): AsyncGenerator<{ readonly name: string; readonly data: unknown }> {
    const response = await this.#opened(part, signal);
    if (response.status === 400 || response.status === 404) {
      const { error = NOT_OURS } = Object(await response.json().catch(() => ({}))) as { readonly error?: unknown };
      throw new StreamjobError('CONFIG_INVALID', harmless(String(error)), { where: this.#url.href });
    }
    if (!response.ok || response.body === null) throw this.#gone(new Error(`it answers ${response.status}`));
    yield* this.#eventsIn(response.body, signal);
  }

  /** The answer to a request whose body goes on as long as somebody reads it: its beginning has to come in time. */
  async #opened(part: string, signal: AbortSignal): Promise<Response> {
    const late = new AbortController();
    const end = after(ASK_MS, () => late.abort(new Error(`it does not answer within ${ASK_MS / 1000} s`)), false);
    const either = AbortSignal.any([signal, late.signal]);
    try {
      return await this.#fetch(await this.#pathOf(part, either), either);
    } finally {
      end();
    }
  }

  async *#eventsIn(
    body: AsyncIterable<unknown>,
    signal: AbortSignal,
  ): AsyncGenerator<{ readonly name: string; readonly data: unknown }> {
    const decoder = new TextDecoder();
    let text = '';
    try {
      for await (const bytes of body) {
        text += decoder.decode(bytes as Uint8Array, { stream: true });
        const events = text.split('\n\n');
        text = events.pop() ?? '';
        if (text.length > MOST_CHARACTERS) throw new SyntaxError('an event is too long');
        for (const event of events) {
          // Values may have line separators (U+2028), which end no line here.
          const [, name = '', data = ''] = /^event: ([^\n]*)\ndata: ([^\n]*)$/.exec(event) ?? [];
          if (name !== '') yield { name, data: JSON.parse(data) };
        }
      }
    } catch (error) {
      // A connection that breaks is the end of a job.
      if (!signal.aborted && error instanceof SyntaxError) throw this.#gone(error);
    }
  }

  async #pathOf(part: string, signal: AbortSignal): Promise<string> {
    if (this.#name === undefined) {
      const jobs = await this.#json('api/v1/applications', signal);
      const { name } = Object(Array.isArray(jobs) ? jobs[0] : undefined) as { readonly name?: unknown };
      if (typeof name !== 'string') throw this.#gone(new Error(NOT_OURS));
      this.#name = name;
    }
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
      return await fetch(new URL(path, this.#url), { signal, headers: this.#headers });
    } catch (error) {
      throw this.#gone(error);
    }
  }

  #gone(cause: unknown): StreamjobError {
    // Another job may be there the next time.
    this.#name = undefined;
    // fetch says only that it failed.
    const why = cause instanceof TypeError && cause.cause !== undefined ? cause.cause : cause;
    return new StreamjobError('CONNECT_FAILED', `there is no job at ${this.#url.href}: ${harmless(messageOf(why))}`, {
      hint: 'the log of a job says where its page is ("the job\'s page"); --no-ui has none',
      cause,
    });
  }
}

const NOT_OURS = 'what answers there is no job of streamjob';

/** @throws StreamjobError CONFIG_INVALID */
function urlOf(text: string): URL {
  try {
    const url = new URL(text.includes('://') ? text : `http://${text}`);
    if (['http:', 'https:'].includes(url.protocol)) return url;
  } catch {
    // It is said below.
  }
  throw new StreamjobError('CONFIG_INVALID', `this is no URL of a page: ${JSON.stringify(masked(text))}`, {
    hint: `give that of the job's page, e.g. ${STANDARD_URL}`,
  });
}

/** A name or password as it was before it stood in a URL. */
function plain(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
