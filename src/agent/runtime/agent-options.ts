/** The options of an agent: what users see, and the table that checks them. */
import { type Clock, systemClock } from '../../core/clock.ts';
import type { DurationLike } from '../../core/duration.ts';
import type { Log } from '../../core/log.ts';
import {
  computed,
  duration,
  flag,
  isObject,
  type OptionTable,
  oneOf,
  option,
  text,
  withMethods,
} from '../../core/options.ts';
import { RELIABILITY_LEVELS, type Reliability } from '../../core/reliability.ts';
import { noTelemetry, type Telemetry } from '../../core/telemetry.ts';

/** How an agent is made. */
export interface AgentOptions {
  /** The agent in the file. Default: 'a1'. */
  readonly name?: string | undefined;
  /** Where `${env:X}` comes from. Default: the environment of the process. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Where `${sys:X}` comes from, as `-DX=value` on the command line. Default: there are none. */
  readonly system?: Readonly<Record<string, string>> | undefined;
  /**
   * The directory in which what was read is kept, for a start when the file cannot be read. It may have passwords in
   * it. Default: it is not kept.
   */
  readonly backupDirectory?: string | undefined;
  /**
   * The level of reliability for a file that does not say `NAME.reliability` itself. A file whose channels are weaker
   * is refused; one that says a stronger level keeps it, with a warning. Default: whatever the file has is used as it
   * is.
   */
  readonly reliability?: Reliability | undefined;
  /** Where lines go: a pino logger fits, and so does `console`. Default: warnings and errors to stderr. */
  readonly log?: Log | undefined;
  /**
   * How often the files are read again: what has changed is stopped and started, the rest runs on. In ms, or a text
   * such as '250ms', '1s', '5m'. Default: only `reload` does.
   */
  readonly pollInterval?: DurationLike | undefined;
  /**
   * Whether a start ends with the first component that cannot start; otherwise it is tried again every 3 s. Default:
   * true.
   */
  readonly failFast?: boolean | undefined;
  /** Takes the counters of all components. Default: nobody. */
  readonly telemetry?: Telemetry | undefined;
  /** What time it is, and timers. Default: the machine's. */
  readonly clock?: Clock | undefined;
}

export const AGENT_OPTIONS = {
  name: text({ default: 'a1', expected: 'the name of an agent of the file', doc: 'the agent in the file' }),
  env: option(
    { default: computed('the environment of the process', () => process.env), doc: `where \`\${env:X}\` comes from` },
    {
      kind: 'object',
      expected: 'an object of texts, such as process.env',
      read: (value) => (isObject(value) ? (value as NodeJS.ProcessEnv) : undefined),
    },
  ),
  system: option(
    { absent: 'there are none', doc: `where \`\${sys:X}\` comes from, as \`-DX=value\` on the command line` },
    {
      kind: 'object',
      expected: 'an object of texts',
      read: (value) => (isObject(value) ? (value as Readonly<Record<string, string>>) : undefined),
    },
  ),
  backupDirectory: text({
    absent: 'it is not kept',
    doc: 'the directory in which what was read is kept, for a start when the file cannot be read',
    more: 'It may have passwords in it.',
  }),
  reliability: oneOf(RELIABILITY_LEVELS, {
    absent: 'whatever the file has is used as it is',
    doc: 'the level of reliability for a file that does not say `NAME.reliability` itself',
    more: 'A file whose channels are weaker is refused; one that says a stronger level keeps it, with a warning.',
  }),
  log: withMethods<Log>(['debug', 'info', 'warn', 'error'], {
    absent: 'warnings and errors to stderr',
    doc: 'where lines go: a pino logger fits, and so does `console`',
  }),
  pollInterval: duration({
    absent: 'only `reload` does',
    doc: 'how often the files are read again: what has changed is stopped and started, the rest runs on',
  }),
  failFast: flag({
    default: true,
    doc: 'whether a start ends with the first component that cannot start; otherwise it is tried again every 3 s',
  }),
  telemetry: withMethods<Telemetry, 'default'>(['counter', 'observableCounter', 'gauge', 'span'], {
    default: computed('nobody', () => noTelemetry),
    doc: 'takes the counters of all components',
  }),
  clock: withMethods<Clock, 'default'>(['now', 'after'], {
    default: computed("the machine's", () => systemClock),
    doc: 'what time it is, and timers',
  }),
} satisfies OptionTable<AgentOptions>;
