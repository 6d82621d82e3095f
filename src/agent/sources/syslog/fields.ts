/** The properties that the syslog sources have in common. */
import { messageOf } from '../../../core/errors.ts';
import type { Complain } from '../../component/component.ts';
import { type Field, int, javaPattern, port, text, type Values } from '../../component/fields.ts';
import type { JavaPattern } from '../../component/pattern/pattern.ts';
import { simpleDateFormat } from '../../component/time/simple-date-format.ts';
import { type Format, formats } from './formats.ts';

/** Of all of them. */
export const syslogFields: {
  readonly host: Field<string | undefined>;
  readonly keepFields: Field<string>;
  readonly clientIPHeader: Field<string | undefined>;
  readonly clientHostnameHeader: Field<string | undefined>;
} = {
  host: text({ doc: 'address to listen on; every one when it is not given' }),
  keepFields: text({
    doc: 'which parts of the head of a message stay in its body: all, none, or some of priority, version, timestamp, hostname',
    default: 'none',
  }),
  clientIPHeader: text({ doc: "header that gets the peer's address" }),
  clientHostnameHeader: text({ doc: "header that gets the peer's name, its address where it has none" }),
};

/** The largest message of those that come over TCP. */
export const eventSize: Field<number> = int({
  unit: 'bytes',
  doc: 'largest message in bytes; one that is longer is cut, and its rest makes further events',
  default: 2500,
  min: 1,
});

/** Of those that have one port, and know a form of messages of the user's. */
export const onePortFields: typeof syslogFields & {
  readonly port: Field<number>;
  readonly 'format.regex': Field<JavaPattern | undefined>;
  readonly 'format.search': Field<JavaPattern | undefined>;
  readonly 'format.replace': Field<string | undefined>;
  readonly 'format.dateFormat': Field<string | undefined>;
} = {
  ...syslogFields,
  port: port({ doc: 'port to listen on', required: true }),
  'format.regex': javaPattern({
    doc: 'a form of messages that is tried first; its groups are priority, version, time, host and body',
  }),
  'format.search': javaPattern({ doc: 'what is replaced in the time of that form before it is read' }),
  'format.replace': text({ doc: 'what takes its place; $1 is a group' }),
  'format.dateFormat': text({ doc: "how the time of that form is written, as Java's SimpleDateFormat has it" }),
};

/** Checks that the user's form can be used. */
export function checkFormat(values: Values<typeof onePortFields>, complain: Complain): void {
  const { 'format.regex': regex, 'format.search': search, 'format.replace': replace } = values;
  const dateFormat = values['format.dateFormat'];
  if (regex === undefined) {
    for (const name of ['format.search', 'format.replace', 'format.dateFormat'] as const)
      if (values[name] !== undefined) complain(name, 'has no meaning without format.regex');
    return;
  }
  if ((search === undefined) !== (replace === undefined))
    complain(
      search === undefined ? 'format.replace' : 'format.search',
      'needs the other one: format.search and format.replace',
    );
  tried('format.replace', () => search?.replacement(replace ?? ''), complain);
  tried('format.dateFormat', () => dateFormat !== undefined && simpleDateFormat(dateFormat), complain);
}

function tried(property: string, use: () => unknown, complain: Complain): void {
  try {
    use();
  } catch (error) {
    complain(property, `cannot be used: ${messageOf(error)}`);
  }
}

/** The forms that a source tries. */
export function formatsOf(values: Values<typeof onePortFields>): readonly Format[] {
  const regex = values['format.regex'];
  if (regex === undefined) return formats(undefined);
  return formats({
    regex,
    search: values['format.search'],
    replace: values['format.replace'],
    dateFormat: values['format.dateFormat'],
  });
}

/** What they promise, where nobody can send a message again. */
export const SYSLOG_DELIVERY =
  'At most once: nobody sends a message again. What has arrived is kept, and put again, while a channel takes nothing; a kill of the process, and a stop while the channel is full, lose it.';
