/** The port for logging. pino's loggers fit it; the CLI makes one, a program may pass its own. Logs go to stderr, never stdout. */

import { shown } from './plain-json.ts';

/** One level's method: an object of facts first, then the message, as pino has it. */
export type LogMethod = (facts: object, message: string) => void;

/** A structured logger, a subset of pino's. */
export interface Logger {
  /** What only who looks for a mistake wants to know. */
  readonly debug: LogMethod;
  /** What happened, as it should. */
  readonly info: LogMethod;
  /** What may cost something, or needs somebody. */
  readonly warn: LogMethod;
  /** What went wrong. */
  readonly error: LogMethod;
  /** A logger that adds `facts` to each of its lines. */
  child(facts: object): Logger;
}

/** Takes every line and keeps none: the default of parts that are used without a context. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};

/** What a program may give: a logger as pino's, or one as `console`, which takes the message first and has no `child`. */
export type Log = Logger | ConsoleLike;

/** The methods of `console` that are used. */
export interface ConsoleLike {
  readonly debug: (...line: unknown[]) => void;
  readonly info: (...line: unknown[]) => void;
  readonly warn: (...line: unknown[]) => void;
  readonly error: (...line: unknown[]) => void;
  readonly child?: undefined;
}

type Level = 'debug' | 'info' | 'warn' | 'error';

/**
 * The logger to use. One that throws ends nobody's job: the line goes to stderr instead.
 * @param log what the program gave; undefined: warnings and errors go to stderr, so that a program is not silent about them
 * @example new StreamingContext({ batchInterval: '1s', log: console });
 */
export function loggerOf(log: Log | undefined): Logger {
  if (log === undefined)
    return lineLogger((level, line) => level !== 'debug' && level !== 'info' && toStderr(line), {});
  return log.child === undefined ? lineLogger((level, line) => log[level](line), {}) : guarded(log);
}

function lineLogger(write: (level: Level, line: string) => unknown, facts: object): Logger {
  const at =
    (level: Level): LogMethod =>
    (more, message) =>
      guard(message, () => write(level, lineOf(level, { ...facts, ...more }, message)));
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (more) => lineLogger(write, { ...facts, ...more }),
  };
}

/** The message, then the facts that are not in it already. */
function lineOf(level: Level, facts: object, message: string): string {
  const parts = Object.entries(facts)
    .filter(([name]) => name !== 'err' && name !== 'job')
    .map(([name, value]) => `${name}=${typeof value === 'object' ? shown(value) : String(value)}`);
  return [`streamjob ${level}: ${message}`, ...parts].join(' ');
}

function guarded(log: Logger): Logger {
  const at =
    (level: Level): LogMethod =>
    (facts, message) =>
      guard(message, () => log[level](facts, message));
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child(facts) {
      let child = log;
      guard(`child ${shown(facts)}`, () => {
        child = log.child(facts);
      });
      return guarded(child);
    },
  };
}

function guard(message: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    toStderr(
      `streamjob error: the logger threw (${error instanceof Error ? error.message : String(error)}) on: ${message}`,
    );
  }
}

function toStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}
