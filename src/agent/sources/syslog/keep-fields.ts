/** Which parts of a syslog message's head stay in the body: the property keepFields of the syslog sources. */

/** Parts of the head. */
export interface Head {
  readonly priority: string | undefined;
  readonly version: string | undefined;
  readonly timestamp: string | undefined;
  readonly hostname: string | undefined;
}

/** What stays: the whole message, or some parts. */
export interface KeepFields {
  readonly all: boolean;
  /** What is put before the rest of the message. */
  prefix(head: Head): string;
}

const FIELDS = ['priority', 'version', 'timestamp', 'hostname'] as const;

/**
 * Reads the property. Fields are found anywhere in its text, as Flume finds them, so that any separator does.
 * Source: SyslogUtils.chooseFieldsToKeep and addFieldsToBody of Flume 1.11.
 * @example keepFields('timestamp hostname').prefix({ timestamp: 'T', hostname: 'h', … }) // 'T h '
 */
export function keepFields(text: string): KeepFields {
  const lower = text.trim().toLowerCase();
  const all = lower === 'all' || lower === 'true';
  const kept = all || lower === 'none' || lower === 'false' ? [] : FIELDS.filter((field) => lower.includes(field));
  return {
    all,
    prefix: (head) =>
      kept
        .map((field) => {
          // Java writes null for a host or a time that the message does not have.
          const value = head[field] ?? 'null';
          if (field === 'priority') return `<${value}>`;
          return field === 'version' && (head.version ?? '') === '' ? '' : `${value} `;
        })
        .join(''),
  };
}
