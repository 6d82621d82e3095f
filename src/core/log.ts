/** The port for logging. pino's loggers fit it; the CLI makes one, a program may pass its own. Logs go to stderr, never stdout. */

/** One level's method: an object of facts first, then the message, as pino has it. */
export type LogMethod = (facts: object, message: string) => void;

/** A structured logger, a subset of pino's. */
export interface Logger {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
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
