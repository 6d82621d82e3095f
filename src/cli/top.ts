/** `streamjob top`: a job that runs, on a terminal; asked for by its REST endpoints, so that it may run anywhere. */
import type { CommandModule } from 'yargs';
import { sleep, systemClock } from '../core/clock.ts';
import { messageOf, StreamjobError } from '../core/errors.ts';
import { timeoutSignal } from '../core/machine.ts';
import { type TopData, topScreen } from './top/screen.ts';

/** Where a job is that nobody has given another port. */
const STANDARD_URL = 'http://127.0.0.1:4040';
const EVERY_MS = 1000;
const ASK_MS = 5000;
/** How many batches are shown at most. */
const BATCHES = 200;

const CLEAR = '\u001b[H\u001b[J';
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';

interface TopArguments {
  readonly url: string;
}

/** The command. */
export const topCommand: CommandModule<object, TopArguments> = {
  command: 'top [url]',
  describe: 'show how a job does that runs, on the whole terminal; q ends it',
  builder: (yargs) =>
    yargs.positional('url', { type: 'string', default: STANDARD_URL, describe: "the job's page (--ui-port)" }),
  handler: async ({ url }) => {
    const job = new JobAt(url);
    // Who reads it by a program gets it once.
    if (!process.stdout.isTTY) {
      const lines = topScreen(await job.look(), { columns: 200, rows: 40 });
      process.stdout.write(`${lines.join('\n')}\n`);
      return;
    }
    await show(job);
  },
};

/** A job that is asked for by its URL. */
class JobAt {
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

  /** @throws StreamjobError CONNECT_FAILED */
  async look(): Promise<TopData> {
    this.#name ??= ((await this.#ask('api/v1/applications')) as { readonly name: string }[])[0]?.name ?? '';
    const job = `api/v1/applications/${encodeURIComponent(this.#name)}`;
    const [overview, peers, timeline] = await Promise.all(
      ['overview', 'peers', 'timeline'].map((part) => this.#ask(`${job}/${part}`)),
    );
    return { overview, peers, timeline: (timeline as TopData['timeline']).slice(-BATCHES) } as TopData;
  }

  async #ask(path: string): Promise<unknown> {
    const { signal, end } = timeoutSignal(ASK_MS);
    try {
      const response = await fetch(new URL(path, this.#url), { signal });
      if (!response.ok) throw new Error(`it answers ${response.status}`);
      return await response.json();
    } catch (cause) {
      this.#name = undefined;
      throw new StreamjobError('CONNECT_FAILED', `there is no job at ${this.#url.href}: ${messageOf(cause)}`, {
        hint: 'the log of a job says where its page is ("the job\'s page"); --no-ui has none',
        cause,
      });
    } finally {
      end();
    }
  }
}

/** Shows it until somebody has seen enough. */
async function show(job: JobAt): Promise<void> {
  const end = new AbortController();
  const onKey = (key: Buffer): void => {
    if (key.toString() === 'q' || key[0] === 3) end.abort();
  };
  const onSignal = (): void => end.abort();
  process.stdin.setRawMode?.(true);
  process.stdin.on('data', onKey).resume();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  process.stdout.write(ENTER);
  try {
    while (!end.signal.aborted) {
      const { columns, rows } = process.stdout;
      const lines = await job.look().then(
        (data) => topScreen(data, { columns, rows: rows - 1 }),
        (error: unknown) => [messageOf(error).slice(0, columns), '', 'It is asked again each second; q ends this.'],
      );
      process.stdout.write(`${CLEAR}${lines.join('\n')}`);
      await sleep(systemClock, EVERY_MS, end.signal);
    }
  } finally {
    process.stdout.write(LEAVE);
    process.stdin.setRawMode?.(false);
    process.stdin.off('data', onKey).pause();
  }
}
