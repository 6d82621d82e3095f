/** The kinds of cases that are data through and through, each with what runs it. */
import { interceptors } from '../../src/agent/interceptors/index.ts';
import { selectors } from '../../src/agent/selectors/index.ts';
import { serializers } from '../../src/agent/serializers/index.ts';
import type { FlumeCase, RunCase, Verdict } from './case.ts';
import { hbase2 } from './kinds/hbase.ts';
import { interceptor } from './kinds/interceptors.ts';
import { isTally, loadBalanceCase } from './kinds/processors.ts';
import { selector } from './kinds/selectors.ts';
import { isData, source } from './kinds/sources.ts';
import { multiportParser, syslogParser } from './kinds/syslog.ts';
import { deserializer, serializer } from './kinds/texts.ts';
import { escapes, rounding } from './kinds/times.ts';

const KINDS: Readonly<Record<string, RunCase>> = {
  'syslog-parser': syslogParser,
  'syslog-parser:multiport': multiportParser,
  'path-escapes': escapes,
  'round-down': rounding,
  'sink:hbase2': hbase2,
};
/** Sources whose cases say what is sent. */
const SOURCES = ['netcat', 'netcatudp', 'syslogtcp', 'multiport_syslogtcp', 'syslogudp', 'http', 'exec'];

/** Whether a case is data; else it is steps in words. */
export function isRunnable(one: FlumeCase): boolean {
  return runnerOf(one) !== undefined;
}

/** Runs a case that is data; undefined for one that is steps in words. */
export async function runData(one: FlumeCase): Promise<Verdict | undefined> {
  return await runnerOf(one)?.(one);
}

function runnerOf(one: FlumeCase): RunCase | undefined {
  const { component, input } = one;
  const [what = '', type = ''] = component.split(':');
  if (component === 'processor:load_balance') return isTally(one) ? loadBalanceCase : undefined;
  if (KINDS[component] !== undefined) return KINDS[component];
  if (what === 'interceptor' && interceptors.find(type) !== undefined) return () => interceptor(type, one);
  if (what === 'selector' && selectors.find(type) !== undefined) return () => selector(type, one);
  if (what === 'serializer' && serializers.find(type) !== undefined && Array.isArray(input['events']))
    return () => serializer(type, one);
  if (what === 'deserializer' && input['text'] !== undefined) return () => deserializer(type, one);
  if (what === 'source' && SOURCES.includes(type) && isData(one)) return () => source(type, one);
  return undefined;
}
