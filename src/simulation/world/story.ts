/** What happened in a simulation, in lines for people: who, when, what. */
import type { Logger } from '../../core/log.ts';

/** Gathers the lines. */
export class Story {
  readonly lines: string[] = [];
  readonly #now: () => number;
  readonly #isKept: boolean;

  /** @param now in ms of simulated time @param isKept false: nobody reads it */
  constructor(now: () => number, isKept = true) {
    this.#now = now;
    this.#isKept = isKept;
  }

  /** Adds a line. @example story.tell('fault', 'kill-job') // '    12.345 s  fault: kill-job' */
  tell(who: string, what: string): void {
    if (this.#isKept) this.lines.push(`${(this.#now() / 1000).toFixed(3).padStart(9)} s  ${who}: ${what}`);
  }

  /** A logger whose lines are told, but for those of level debug. */
  logOf(who: string): Logger {
    const at = (level: string) => (_: object, message: string) => this.tell(`${who} ${level}`, message);
    const log: Logger = {
      debug: () => {},
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: () => log,
    };
    return log;
  }
}
