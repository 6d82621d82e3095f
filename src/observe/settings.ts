/** The settings with which a job runs, each with where its value came from. */
import type { SettingText } from '../core/options.ts';
import { shownValue } from './secrets.ts';

/** Where the value of a setting came from. */
export interface Origin {
  readonly from: 'flag' | 'environment' | 'job file' | 'command' | 'program' | 'default';
  /** The flag, the variable or the file that says so; undefined: nobody does. */
  readonly by?: string | undefined;
}

/** What the command that runs a job knows of its settings. */
export interface RunSettings {
  /** By the names of options of the job's context; what is not in it was given by the program, or is a default. */
  readonly origins: Readonly<Record<string, Origin>>;
  /** Settings of the command itself. */
  readonly more: readonly (SettingText & Origin)[];
}

/** A job that a program runs by itself. */
export const NO_RUN: RunSettings = { origins: {}, more: [] };

/** A setting. */
export interface Setting {
  readonly name: string;
  /** A secret is not shown. */
  readonly value: string;
  readonly from: Origin['from'];
  readonly by: string | null;
  readonly doc: string;
  /** What holds when nobody gives it; null: nothing does. */
  readonly byDefault: string | null;
}

/** All settings, those of the job first. */
export function settingsOf(options: readonly SettingText[], { more, origins }: RunSettings): Setting[] {
  const own = options.map((option) => ({ ...option, ...(origins[option.name] ?? guessed(option)) }));
  return [...own, ...more].map(({ by, byDefault, doc, from, name, value }) => ({
    name,
    value: shownValue(name, value),
    from,
    by: by ?? null,
    doc,
    byDefault: byDefault ?? null,
  }));
}

/** Of a value that nobody tells the origin of: one that is not the default was given by the program. */
function guessed({ byDefault, value }: SettingText): Origin {
  return { from: byDefault === value ? 'default' : 'program' };
}
