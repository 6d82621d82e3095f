/** A logger that keeps its lines, for tests of what is logged. */
import type { Logger } from '../../src/core/log.ts';

export interface LoggedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly facts: object;
  readonly message: string;
}

export function collectingLogger(lines: LoggedLine[] = []): { readonly log: Logger; readonly lines: LoggedLine[] } {
  const at =
    (level: LoggedLine['level']) =>
    (facts: object, message: string): void => {
      lines.push({ level, facts, message });
    };
  const log: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child: () => log };
  return { log, lines };
}
