/**
 * Config filters: `<agent>.configfilters = f1`, `.configfilters.f1.type = env`, and `${f1['key']}`, `${f1["key"]}` or `${f1[key]}` in the
 * values of sources, channels, sinks and sink groups. A value that a filter does not have stays as it is, as in Flume, and is told.
 */
import { nearest } from '../../core/registry.ts';
import type { Configured } from '../component/component-type.ts';
import type { Problems } from '../component/problems.ts';
import { below, type Setting, type Settings } from '../component/settings.ts';
import { readTyped } from '../component/typed.ts';
import type { ConfigFilter, ConfigFilterContext, Filtered } from '../configfilters/configfilter.ts';
import { configFilters } from '../configfilters/index.ts';

const REFERENCE = /\$\{([^\s.${}[\]]+)\[(["']?)([-\w]+)\2\]\}/g;
/** Where references count, in front of the first dot. */
const FILTERED = ['sources', 'channels', 'sinks', 'sinkgroups'];
const HADOOP =
  "it needs Hadoop's own code to read its credential stores: use external, with a command that asks such a store";

/** The filters of an agent by name. */
export type Filters = ReadonlyMap<string, Configured<ConfigFilterContext, ConfigFilter>>;

/** What the filters are read from. */
export interface FiltersIn {
  readonly agent: string;
  readonly settings: Settings;
  readonly problems: Problems;
}

/** The filter that a variable names; undefined when it names none. @example filterOf("f1['key']") // 'f1' */
export function filterOf(variable: string): string | undefined {
  return [...`\${${variable}}`.matchAll(REFERENCE)][0]?.[1];
}

/** The filters that the agent lists; what is wrong goes to `problems`. */
export function readFilters({ agent, settings, problems }: FiltersIn): Filters {
  const listed = settings.get('configfilters');
  const names = [...new Set(words(listed?.value))];
  for (const [key, { line, key: whole }] of settings) {
    const [kind, name] = key.split('.');
    if (kind !== 'configfilters' || name === undefined || names.includes(name)) continue;
    const near = nearest(name, names);
    const meant = near === undefined ? '' : `; did you mean ${near}?`;
    problems.warn(line, `${whole} is ignored: ${name} is not in ${agent}.configfilters${meant}`);
  }
  const filters = new Map<string, Configured<ConfigFilterContext, ConfigFilter>>();
  for (const name of names) {
    const filter = readTyped(problems, {
      owner: `config filter ${name}`,
      settings: below(settings, `configfilters.${name}.`),
      common: [/^type$/],
      types: configFilters,
      refused: { hadoop: HADOOP, 'org.apache.flume.configfilter.hadoopcredentialstoreconfigfilter': HADOOP },
      flume: { unknown: `leaves ${name} out`, none: `leaves ${name} out` },
      listedAt: listed?.line,
    });
    if (filter !== undefined) filters.set(name, filter);
  }
  return filters;
}

/** Puts the values of the filters in, each key asked for once; what a filter does not have is told by its line. */
export async function applyFilters(
  filters: Filters,
  settings: Settings,
  problems: Problems,
  context: ConfigFilterContext,
): Promise<Map<string, Setting>> {
  const made = new Map([...filters].map(([name, filter]) => [name, filter.create(context)]));
  const answers = new Map<string, Filtered>();
  const done = new Map<string, Setting>();
  for (const [key, setting] of settings) {
    for (const [text, name = '', , wanted = ''] of referencesOf(key, setting)) {
      const filter = made.get(name);
      if (filter === undefined) continue;
      const asked = `${name} ${wanted}`;
      const answer = answers.get(asked) ?? (await filter.filter(wanted));
      answers.set(asked, answer);
      if ('missing' in answer)
        problems.warn(
          setting.line,
          `${setting.key}: ${text} cannot be resolved and stays as it is: config filter ${name}: ${answer.missing}`,
        );
    }
    const answered = (text: string, name: string, _quote: string, wanted: string): string => {
      const answer = answers.get(`${name} ${wanted}`);
      return answer !== undefined && 'value' in answer ? answer.value : text;
    };
    const isFiltered = referencesOf(key, setting).length > 0;
    done.set(key, isFiltered ? { ...setting, value: setting.value.replace(REFERENCE, answered) } : setting);
  }
  return done;
}

/** Where no filter can be asked, a value of one is an error. */
export function refuseFiltered(settings: Settings, problems: Problems): void {
  const listed = words(settings.get('configfilters')?.value);
  for (const [key, setting] of settings) {
    for (const [text, name = ''] of referencesOf(key, setting))
      if (listed.includes(name))
        problems.error(
          setting.line,
          `${setting.key}: ${text}: config filters are asked when a file is read, not a text`,
        );
  }
}

function referencesOf(key: string, { value }: Setting): RegExpExecArray[] {
  return FILTERED.includes(key.split('.')[0] ?? '') ? [...value.matchAll(REFERENCE)] : [];
}

/** The words of a list. */
export function words(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '');
}
