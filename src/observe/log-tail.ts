/** The last lines of a job's log, for its page. */
import type { Clock } from '../core/clock.ts';
import type { Logger, LogMethod } from '../core/log.ts';

/** A line. */
export interface LogLine {
  /** Rises by one from line to line. */
  readonly number: number;
  /** ms since the epoch */
  readonly time: number;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
}

const MOST_LINES = 500;
/** More than is shown (redaction.ts), so that what is not to be seen is found where a line is cut, too. */
const MOST_CHARACTERS = 4000;

/** Keeps lines. */
export class LogTail {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #lines: LogLine[] = [];
  readonly #withDebug: boolean;
  #number = 0;

  /** @param withDebug whether lines of the level debug are kept, too: where they are asked for */
  constructor(clock: Pick<Clock, 'now'>, withDebug = false) {
    this.#clock = clock;
    this.#withDebug = withDebug;
  }

  /** Lines after number `since`, oldest first. */
  lines(since = -1): readonly LogLine[] {
    return this.#lines.filter(({ number }) => number > since);
  }

  /** A logger that does what another one does, and keeps its lines. */
  over(log: Logger): Logger {
    const at =
      (level: LogLine['level']): LogMethod =>
      (facts, message) => {
        this.#keep(level, message);
        log[level](facts, message);
      };
    return {
      debug: this.#withDebug ? at('debug') : (facts, message) => log.debug(facts, message),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (facts) => this.over(log.child(facts)),
    };
  }

  #keep(level: LogLine['level'], message: string): void {
    const text = message.length > MOST_CHARACTERS ? `${message.slice(0, MOST_CHARACTERS)}…` : message;
    this.#lines.push({ number: this.#number++, time: this.#clock.now(), level, message: text });
    if (this.#lines.length > MOST_LINES) this.#lines.shift();
  }
}
