/** The logger of a context: stderr by default, console, pino's; and one that throws. */
import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest';
import { type ConsoleLike, type Logger, loggerOf, silentLogger } from '../../../src/core/log.ts';

let stderr: MockInstance<typeof process.stderr.write>;
const written = (): string => stderr.mock.calls.map(([text]) => text).join('');

beforeEach(() => {
  stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
});

const failing = {
  debug() {
    throw new Error('disk full');
  },
  info() {
    throw new Error('disk full');
  },
  warn() {
    throw new Error('disk full');
  },
  error() {
    throw new Error('disk full');
  },
};

describe('without a log', () => {
  test('warnings and errors go to stderr, a line each with their facts, and nothing else does', () => {
    const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const log = loggerOf(undefined);
    log.debug({}, 'quiet');
    log.info({ batch: 1 }, 'quiet');
    log.warn({ batch: 1000, rates: { max: 5 } }, 'slow');
    log.error({ err: new Error('cause'), input: 'a' }, 'gone');
    expect(written()).toBe('streamjob warn: slow batch=1000 rates={"max":5}\nstreamjob error: gone input=a\n');
    expect(stdout).not.toHaveBeenCalled();
  });

  test('children add their facts, nearest last; the name of the job is left out', () => {
    loggerOf(undefined).child({ job: 'counts', receiver: 1 }).child({ receiver: 2 }).warn({ batch: 3 }, 'late');
    expect(written()).toBe('streamjob warn: late receiver=2 batch=3\n');
  });

  test('facts that JSON cannot have do not cost the line', () => {
    const round: Record<string, unknown> = {};
    round['self'] = round;
    loggerOf(undefined).warn({ round }, 'odd');
    loggerOf(undefined).warn({ bytes: { n: 1n } }, 'odd');
    expect(written()).toMatch(/^streamjob .*odd.*\nstreamjob .*odd.*\n$/);
  });
});

describe('a log as console', () => {
  test('gets the level, the message and the facts as one text, at each level', () => {
    const lines: unknown[][] = [];
    const at =
      (level: string) =>
      (...line: unknown[]) =>
        void lines.push([level, ...line]);
    const log: ConsoleLike = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
    const logger = loggerOf(log).child({ receiver: 0 });
    logger.debug({}, 'd');
    logger.info({ port: 41414 }, 'i');
    logger.warn({}, 'w');
    logger.error({}, 'e');
    expect(lines).toEqual([
      ['debug', 'streamjob debug: d receiver=0'],
      ['info', 'streamjob info: i receiver=0 port=41414'],
      ['warn', 'streamjob warn: w receiver=0'],
      ['error', 'streamjob error: e receiver=0'],
    ]);
    expect(written()).toBe('');
  });

  test('may be console itself', () => {
    const info = vi.spyOn(console, 'info').mockImplementation(() => {});
    loggerOf(console).info({ port: 1 }, 'listens');
    expect(info.mock.calls).toEqual([['streamjob info: listens port=1']]);
  });
});

describe("a log as pino's", () => {
  test('gets the facts first, then the message; children are its own', () => {
    const lines: unknown[][] = [];
    const make = (own: object): Logger => ({
      debug: (facts, message) => void lines.push(['debug', own, facts, message]),
      info: (facts, message) => void lines.push(['info', own, facts, message]),
      warn: (facts, message) => void lines.push(['warn', own, facts, message]),
      error: (facts, message) => void lines.push(['error', own, facts, message]),
      child: (facts) => make({ ...own, ...facts }),
    });
    loggerOf(make({})).child({ job: 'counts' }).warn({ batch: 1 }, 'slow');
    expect(lines).toEqual([['warn', { job: 'counts' }, { batch: 1 }, 'slow']]);
  });
});

describe('a log that throws', () => {
  test.each([
    ['as console', failing],
    ["as pino's", { ...failing, child: () => ({ ...failing, child: () => silentLogger }) }],
  ] as const)('%s ends nobody: the line goes to stderr', (_, log) => {
    const logger = loggerOf(log).child({ receiver: 0 });
    for (const level of ['debug', 'info', 'warn', 'error'] as const) logger[level]({}, `at ${level}`);
    expect(written().split('\n')).toEqual([
      'streamjob error: the logger threw (disk full) on: at debug',
      'streamjob error: the logger threw (disk full) on: at info',
      'streamjob error: the logger threw (disk full) on: at warn',
      'streamjob error: the logger threw (disk full) on: at error',
      '',
    ]);
  });

  test('in child, too', () => {
    const log: Logger = {
      ...silentLogger,
      child() {
        throw new Error('no child');
      },
    };
    const child = loggerOf(log).child({ receiver: 0 });
    expect(() => child.warn({}, 'slow')).not.toThrow();
    expect(written()).toContain('no child');
  });
});

test('the silent logger and its children write nothing', () => {
  const log = silentLogger.child({});
  for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level]({}, 'x');
  expect(written()).toBe('');
});
