/** From the texts of one file or several to the properties of one agent: parsed, put together, their variables put in. */
import { nearest } from '../../core/registry.ts';
import { Problems } from '../component/problems.ts';
import type { Setting } from '../component/settings.ts';
import { filterOf, words } from './filters.ts';
import { readLookups } from './lookup-set.ts';
import type { Surroundings } from './lookups.ts';
import { type Property, parseProperties } from './properties.ts';
import { type Substitution, substitute } from './substitute.ts';

/** A file that was read. */
export interface ConfText {
  /** Its path, for `file:line`. */
  readonly file: string;
  readonly text: string;
}

/** The properties of all files: of a key that several have, that of the last one. Lines are counted on from file to file. */
export interface ReadFiles {
  readonly entries: ReadonlyMap<string, Property>;
  readonly substitution: Substitution;
  readonly problems: Problems;
}

/** Parses the files and resolves the variables; findings go to `problems`. */
export function readFiles(files: readonly ConfText[], given: Surroundings): ReadFiles {
  let lines = 0;
  const parts = files.map(({ file, text }) => {
    const before = lines;
    lines += text.split(/\r\n|\n|\r/).length;
    return { file, text, before };
  });
  const problems = new Problems(parts);
  const entries = new Map<string, Property>();
  for (const { text, before } of parts) {
    const parsed = parseProperties(text);
    for (const { line, message } of parsed.errors) problems.error(before + line, message);
    for (const { key, line, by } of parsed.duplicates)
      problems.warn(before + line, `${key} is given again in ${problems.lineText(before + by)}, which counts`);
    for (const [key, { value, line }] of parsed.entries) {
      entries.delete(key);
      entries.set(key, { key, value, line: before + line });
    }
  }
  return { entries, substitution: substitute(entries, given, readLookups(given, problems)), problems };
}

/** The names of the agents that have properties. */
export function agentsOf({ entries }: Pick<ReadFiles, 'entries'>): string[] {
  const names = [...entries.keys()].filter((key) => key.indexOf('.') > 0).map((key) => key.slice(0, key.indexOf('.')));
  return [...new Set(names)];
}

/**
 * The agent's own properties with their variables put in; those of other agents in the files are none of our business. What stands for
 * a config filter, `${f1['key']}`, stays as it is.
 */
export function ownSettings({ entries, substitution, problems }: ReadFiles, agent: string): Map<string, Setting> {
  const own = new Map<string, Setting>();
  const filters = words(substitution.values.get(`${agent}.configfilters`)?.value);
  for (const [key, { line }] of entries) {
    if (!key.startsWith(`${agent}.`)) continue;
    const result = substitution.values.get(key);
    for (const message of result?.errors ?? []) problems.error(line, `${key}: ${message}`);
    for (const { name, reason } of result?.unresolved ?? []) {
      const filter = filterOf(name);
      if (filter !== undefined && filters.includes(filter)) continue;
      const near = filter === undefined ? undefined : nearest(filter, filters);
      const meant = near === undefined ? '' : `; did you mean ${near}?`;
      const why = filter === undefined ? reason : `there is no config filter ${filter}${meant}`;
      problems.warn(line, `${key}: \${${name}} cannot be resolved and stays as it is: ${why}`);
    }
    if (key === `${agent}.`) problems.warn(line, `${key} is ignored: expected a name of a property behind ${key}`);
    else own.set(key.slice(agent.length + 1), { key, value: (result?.value ?? '').trim(), line });
  }
  return own;
}

/** Properties that belong to no agent and that no other one refers to: Flume ignores them too. */
export function warnOfStrays({ entries, substitution, problems }: ReadFiles): void {
  for (const [key, { line }] of entries) {
    if (key.indexOf('.') > 0 || substitution.used.has(key)) continue;
    const what = key === '' ? 'a line without a key' : key;
    problems.warn(line, `${what} is ignored: expected the name of an agent before the first dot, as in a1.sources`);
  }
}
