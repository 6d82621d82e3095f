/**
 * Cases of Flume's own tests of its configuration, each under its id. Flume leaves out what is wrong and goes on; here the same is an
 * error or a warning with its line.
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how flume.conf writes variables
import { describe, expect, it } from 'vitest';
import type { Plain } from '../../../../src/agent/component/resolved.ts';
import { type ConfGiven, readFlumeConfs } from '../../../../src/agent/conf/flume-conf.ts';
import type { ConfText } from '../../../../src/agent/conf/read-files.ts';

type Properties = Readonly<Record<string, string>>;

const textOf = (properties: Properties): string =>
  Object.entries(properties)
    .map(([key, value]) => `${key} = ${value}\n`)
    .join('');

/** An agent a1 with a netcat source r1, and more properties over its own. */
const netcat = (properties: Properties): string =>
  textOf({
    'a1.sources': 'r1',
    'a1.channels': 'c1',
    'a1.sinks': 'k1',
    'a1.sources.r1.type': 'netcat',
    'a1.sources.r1.bind': '127.0.0.1',
    'a1.sources.r1.port': '44444',
    'a1.sources.r1.channels': 'c1',
    'a1.channels.c1.type': 'memory',
    'a1.sinks.k1.type': 'null',
    'a1.sinks.k1.channel': 'c1',
    ...properties,
  });

/** The values of the source r1. */
function sourceOf(given: Partial<ConfGiven>, ...texts: string[]): Readonly<Record<string, Plain>> {
  const files: ConfText[] = texts.map((text, i) => ({ file: `${i}.conf`, text }));
  const { conf, problems } = readFlumeConfs(files, 'a1', { env: {}, ...given });
  expect(problems.all.map((problem) => problems.format(problem))).toEqual([]);
  return conf?.sources[0]?.source.resolved.values ?? {};
}

describe('variables', () => {
  it('testenvlookup/getproperty#264: a variable of the environment', () => {
    const text = netcat({ 'a1.sources.r1.port': '${env:NC_PORT}' });
    expect(sourceOf({ env: { NC_PORT: '6667' } }, text)).toMatchObject({ port: 6667 });
  });

  it('testrecursivelookup/getproperty#501: a name that a system property is a part of', () => {
    const text = netcat({
      SERVER_PORT: '44445',
      DEV_BIND: '192.168.11.101',
      'a1.sources.r1.bind': '${${sys:env}_BIND}',
      'a1.sources.r1.port': '${SERVER_PORT}',
    });
    expect(sourceOf({ system: { env: 'DEV' } }, text)).toMatchObject({ bind: '192.168.11.101', port: 44_445 });
  });

  it('testoverridefile/getproperty#266: of several files the last one counts', () => {
    const first = netcat({ DEV_BIND: '192.168.11.101', 'a1.sources.r1.bind': '${${sys:env}_BIND}' });
    const second = textOf({ DEV_BIND: '192.168.13.101' });
    expect(sourceOf({ system: { env: 'DEV' } }, first, second)).toMatchObject({ bind: '192.168.13.101' });
  });

  it('testenvvarresolverproperties/resolveenvvars#265: names without a prefix, from the environment', () => {
    const text = netcat({ 'a1.sources.r1.bind': 'padding ${VARNAME1} ${VARNAME2} padding' });
    const system = { propertiesImplementation: 'org.apache.flume.node.EnvVarResolverProperties' };
    const env = { VARNAME1: 'varvalue1', VARNAME2: 'varvalue2' };
    expect(sourceOf({ env, system }, text)).toMatchObject({ bind: 'padding varvalue1 varvalue2 padding' });
  });
});
