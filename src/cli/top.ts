/** `streamjob top`: a job that runs, on a terminal; asked for by its REST endpoints, so that it may run anywhere. */
import type { CommandModule } from 'yargs';
import { sleep, systemClock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import { harmless } from './harmless.ts';
import { JobAt, STANDARD_URL } from './job-at.ts';
import { sizeOf } from './terminal.ts';
import { type TopData, topScreen } from './top/screen.ts';

const EVERY_MS = 1000;
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
      const lines = topScreen(await look(job), { columns: 200, rows: 40 });
      process.stdout.write(`${lines.join('\n')}\n`);
      return;
    }
    await show(job);
  },
};

/** What is shown of it. @throws StreamjobError CONNECT_FAILED */
async function look(job: JobAt): Promise<TopData> {
  const [overview, peers, timeline] = await Promise.all([
    job.ask('overview', (value) => 'verdict' in value && 'steps' in value && 'totals' in value),
    job.ask('peers', Array.isArray),
    job.ask('timeline', Array.isArray),
  ]);
  return { overview, peers, timeline: (timeline as TopData['timeline']).slice(-BATCHES) } as TopData;
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
      const { columns, rows } = sizeOf(process.stdout);
      const lines = await look(job).then(
        (data) => topScreen(data, { columns, rows: rows - 1 }),
        (error: unknown) => [
          harmless(messageOf(error)).slice(0, columns),
          '',
          'It is asked again each second; q ends this.',
        ],
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
