/**
 * `streamjob dev JOB.ts`: runs a job, and runs it anew when its files change. It goes on from its checkpoint. What does not load replaces
 * nothing: its error is shown, and the job runs on as it was.
 */
import path from 'node:path';
import type { CommandModule } from 'yargs';
import type { OptionTexts } from '../api/resolve-options.ts';
import type { Logger } from '../core/log.ts';
import { fsSync } from '../core/machine.ts';
import { endBundler } from '../load/bundle.ts';
import { filesOfJob } from '../load/job-files.ts';
import { type CheckMessage, checkApart, RunningJob } from './dev/processes.ts';
import { WatchedFiles } from './dev/watched-files.ts';
import { makeLogger } from './logger.ts';
import { OutputClosed } from './output-closed.ts';
import { addRunFlags, type RunFlags } from './run-flags.ts';
import { CLOSED_STDOUT_EXIT, StopRequests } from './stop-requests.ts';

/** Flags of Node, which the job is to have. */
const INSPECT = /^--inspect(?:-brk|-wait|-port)?(?:=.*)?$/;

/** Takes the flags of Node's debugger out of the words of a call. */
export function sortInspect(all: readonly string[]): { words: readonly string[]; inspect: readonly string[] } {
  return { words: all.filter((word) => !INSPECT.test(word)), inspect: all.filter((word) => INSPECT.test(word)) };
}

/** The command. @param words those behind `dev` @param inspect flags of Node */
export function devCommand(words: readonly string[], inspect: readonly string[]): CommandModule<object, RunFlags> {
  return {
    command: 'dev <job>',
    describe: 'run a job, and run it anew, with its state, when its files change',
    builder: (args) =>
      addRunFlags(args)
        .example('$0 dev jobs/wordcount.ts', 'until Ctrl+C')
        .epilogue('--inspect, --inspect-brk, --inspect=HOST:PORT are for the job: breakpoints in its files hold.'),
    handler: async ({ job, logLevel, stackTrace }) => {
      const requests = new StopRequests('the job stops after what was received has committed');
      const log = await makeLogger({ level: logLevel, stackTrace });
      requests.log = log;
      const session = new Session({ job, words, inspect, log, requests });
      try {
        await session.run();
      } finally {
        await session.end();
        requests.forget();
      }
    },
  };
}

/** What `dev` calls in a process of its own before it replaces a job. Nobody else does. */
export const devCheckCommand: CommandModule<object, RunFlags> = {
  command: 'dev-check <job>',
  describe: false,
  builder: addRunFlags,
  handler: async (flags) => {
    const { checkJob } = await import('./check-job.ts');
    const tell = (message: CheckMessage): void => void process.send?.(message);
    try {
      await checkJob(flags.job, flags as unknown as OptionTexts, ({ agent }) => tell({ conf: agent?.conf }));
    } finally {
      const { ownFiles } = await import('../agent/conf/own-types.ts');
      tell({ own: ownFiles() });
    }
  },
};

interface SessionOptions {
  readonly job: string;
  readonly words: readonly string[];
  readonly inspect: readonly string[];
  readonly log: Logger;
  readonly requests: StopRequests;
}

/** One call of `dev`. */
class Session {
  readonly #given: SessionOptions;
  readonly #watched = new WatchedFiles();
  readonly #file: string;
  #running: RunningJob | undefined;
  #hasRun = false;
  #conf: string | undefined;
  /** The files of the components that the flume.conf names, with what they import. */
  #own: readonly string[] = [];
  /** The files of the version that loaded last: one that does not load may not lead to all of them. */
  #files: readonly string[] = [];

  constructor(given: SessionOptions) {
    this.#given = given;
    this.#file = path.resolve(given.job);
  }

  /** Until it is asked to stop. @throws OutputClosed */
  async run(): Promise<void> {
    const { log, requests } = this.#given;
    for (;;) {
      await this.#update();
      const changed = await Promise.race([this.#watched.changed(), requests.asked]);
      if (changed === undefined) break;
      const names = changed.map((file) => path.relative('', file));
      log.info({ files: names }, `changed: ${names.join(', ')}`);
    }
    if (requests.reason?.graceful === false) throw new OutputClosed(requests.reason.text);
  }

  async end(): Promise<void> {
    this.#watched.close();
    await Promise.all([this.#running?.stop(), endBundler()]);
  }

  /** Starts what the files say now, in the place of what runs; or says why not. */
  async #update(): Promise<void> {
    const { job, words, inspect, log, requests } = this.#given;
    // Before the check: what changes while it runs is looked at once more.
    const found = await filesOfJob(this.#file);
    this.#watch([...found, ...this.#files]);
    const { isRight, text, conf, own } = await checkApart(words, requests.signal);
    if (requests.signal.aborted) return;
    this.#conf = conf ?? this.#conf;
    const ofOwn = (await Promise.all(own.map(filesOfJob))).flat();
    // A job that does not load has not come to its flume.conf.
    this.#own = isRight ? ofOwn : [...new Set([...this.#own, ...ofOwn])];
    if (!isRight) {
      this.#watch([...found, ...this.#files]);
      process.stderr.write(text);
      const runs = this.#running === undefined ? 'nothing runs' : 'the job runs on as it was';
      return log.error({ job }, `${job} does not load: ${runs}, and the next change is waited for`);
    }
    this.#files = found;
    this.#watch(found);
    if (this.#running !== undefined) {
      log.info({ job }, 'the job stops after what was received has committed');
      await this.#running.stop();
      if (requests.signal.aborted) return;
    }
    log.info({ job }, `${job} starts${this.#hasRun ? ' anew' : ''}`);
    this.#hasRun = true;
    this.#start(new RunningJob(words, inspect));
  }

  #start(running: RunningJob): void {
    this.#running = running;
    const { job, log, requests } = this.#given;
    const ended = (code: number): void => {
      if (this.#running === running) this.#running = undefined;
      if (running.isStopping) return;
      if (code === CLOSED_STDOUT_EXIT) return requests.outputClosed();
      log.warn({ job, code }, `${job} has ended with code ${code}: the next change is waited for`);
    };
    running.ended.then(ended, (error: unknown) => log.error({ err: error }, `${job} cannot be started`));
  }

  /** With the directories that a file which is not there yet may come to. */
  #watch(files: readonly string[]): void {
    const conf = this.#conf === undefined ? [] : [this.#conf];
    this.#watched.watch(
      [...new Set([...files, ...conf, ...this.#own])].filter((file) => fsSync.existsSync(path.dirname(file))),
    );
  }
}
