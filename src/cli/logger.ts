/** The command line's logger: pino on stderr, for people on a terminal, as JSON lines otherwise. stdout is for results. */
import { createRequire } from 'node:module';
import { StreamjobError, stackOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';

/** What is asked for on the command line. */
export interface LoggerOptions {
  /** pino's levels; default 'info'. */
  readonly level?: string | undefined;
  /** Whether errors show their stack. */
  readonly stackTrace?: boolean | undefined;
}

/** Makes the logger. It writes synchronously: a line that is logged just before the end is not lost. */
export async function makeLogger(options: LoggerOptions = {}): Promise<Logger> {
  // Required, not imported: Node looks through the text of what is imported for its exports.
  const { pino } = createRequire(import.meta.url)('pino') as typeof import('pino');
  const settings = {
    level: options.level ?? 'info',
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: (thrown: unknown) => serializeError(thrown, options.stackTrace === true) },
  };
  if (process.stderr.isTTY) {
    const { PinoPretty } = await import('pino-pretty');
    const pretty = PinoPretty({
      destination: 2,
      sync: true,
      ignore: options.stackTrace === true ? 'job,receiver' : 'job,receiver,err',
      translateTime: 'SYS:HH:MM:ss.l',
    });
    const forPeople: Logger = pino(settings, pretty);
    return forPeople;
  }
  const lines: Logger = pino(settings, pino.destination({ dest: 2, sync: true }));
  return lines;
}

function serializeError(thrown: unknown, withStack: boolean): unknown {
  if (!(thrown instanceof Error)) return thrown;
  const { code, where } = thrown instanceof StreamjobError ? thrown : { code: undefined, where: undefined };
  return { code, message: thrown.message, where, ...(withStack ? { stack: stackOf(thrown) } : {}) };
}
