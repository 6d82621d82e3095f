/**
 * Cases of Flume's own tests of its configuration, each under its id. Flume leaves out what is wrong and goes on; here the same is an
 * error or a warning with its line.
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how flume.conf writes variables
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Plain } from '../../../../src/agent/component/resolved.ts';
import { type ConfGiven, loadFlumeConfs, readFlumeConfs } from '../../../../src/agent/conf/flume-conf.ts';
import type { ConfText } from '../../../../src/agent/conf/read-files.ts';
import { env } from '../../../../src/agent/configfilters/env.ts';
import { external } from '../../../../src/agent/configfilters/external.ts';
import { systemClock } from '../../../../src/core/clock.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { configured } from '../channels/make.ts';

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

describe('config filters', () => {
  /** Filters that answer filtered_KEY, nothing for null, and fail for throw, as a script does. */
  function script(): string {
    const file = path.join(ownDirectory(), 'filter.sh');
    writeFileSync(file, '[ "$1" = throw ] && exit 1\n[ "$1" = null ] || echo "filtered_$1"\n');
    return `/bin/sh ${file}`;
  }

  /** What is told of an agent with an interceptor i1. */
  const told = async (more: Properties): Promise<string[]> => {
    const text = netcat({
      'a1.sources.r1.interceptors': 'i1',
      'a1.sources.r1.interceptors.i1.type': 'static',
      ...more,
    });
    const { problems } = await loadFlumeConfs([{ file: 'f', text }], 'a1', { env: {} });
    return problems.all.map((problem) => `${problem.severity} ${problems.format(problem)}`);
  };

  it('testflumeconfigurationconfigfilter/testflumeconfigfilterworks#256: what they have is put in, the rest stays', async () => {
    const command = script();
    const { conf, problems } = await loadFlumeConfs(
      [
        {
          file: 'f',
          text: netcat({
            'a1.configfilters': 'f1 f2',
            'a1.configfilters.f1.type': 'external',
            'a1.configfilters.f1.command': command,
            'a1.configfilters.f2.type': 'org.apache.flume.configfilter.ExternalProcessConfigFilter',
            'a1.configfilters.f2.command': command,
            'a1.sources.r1.bind': '${f1[host]}',
            'a1.sources.r1.interceptors': 'i1 i2 i3 i4 i5',
            ...Object.fromEntries([1, 2, 3, 4, 5].map((i) => [`a1.sources.r1.interceptors.i${i}.type`, 'static'])),
            'a1.sources.r1.interceptors.i1.value': "${f1['param']}",
            'a1.sources.r1.interceptors.i2.value': '${f1[\'param"]}',
            'a1.sources.r1.interceptors.i3.value': "${f1['null']}",
            'a1.sources.r1.interceptors.i4.value': "${f1['throw']}",
            'a1.sources.r1.interceptors.i5.value': '${f2["port"]}-${f1[\'header\']}',
          }),
        },
      ],
      'a1',
      { env: process.env },
    );
    const source = conf?.sources[0];
    expect(source?.source.resolved.values).toMatchObject({ bind: 'filtered_host' });
    expect(source?.interceptors.map(({ resolved }) => resolved.values['value'])).toEqual([
      'filtered_param',
      '${f1[\'param"]}',
      "${f1['null']}",
      "${f1['throw']}",
      'filtered_port-filtered_header',
    ]);
    // Flume logs the one that failed; here each is told with its line.
    expect(problems.all.map((problem) => problem.message.split(' and stays as it is: ')[1])).toEqual([
      'there is no property f1[\'param"]',
      'config filter f1: the command wrote nothing',
      'config filter f1: the command ended with 1',
    ]);
  });

  it('testexternalprocessconfigfilter/filtererror#257: a script that exits with an error has no value', async () => {
    const context = { env: process.env, clock: systemClock };
    const filter = configured(external, { command: script() }, context);
    expect(await filter.filter('throw')).toEqual({ missing: 'the command ended with 1' });
  });

  it('testenvironmentvariableconfigfilter/filter#258: the environment', async () => {
    const context = { env: { my_password_key: 'filtered', my_password_key2: 'filtered2' }, clock: systemClock };
    const filter = configured(env, {}, context);
    const keys = ['my_password_key', 'my_password_key2', 'unknown'];
    const answers = await Promise.all(keys.map((key) => filter.filter(key)));
    expect(answers.map((answer) => ('value' in answer ? answer.value : null))).toEqual(['filtered', 'filtered2', null]);
  });

  it('refuses hadoop with the reason', async () => {
    expect(await told({ 'a1.configfilters': 'f1', 'a1.configfilters.f1.type': 'hadoop' })).toEqual([
      expect.stringMatching(/^error f:14: config filter f1: type hadoop is refused \(it needs Hadoop's/),
    ]);
  });

  it('tells a filter that is not listed, and its properties', async () => {
    const value = '${vaul[x]}';
    const listed = { 'a1.configfilters': 'vault', 'a1.configfilters.vault.type': 'env' };
    const other = { 'a1.configfilters.vaul.type': 'env' };
    expect(await told({ 'a1.sources.r1.interceptors.i1.value': value, ...listed, ...other })).toEqual([
      expect.stringMatching(/^warning f:13: .*stays as it is: there is no config filter vaul; did you mean vault\?$/),
      'warning f:16: a1.configfilters.vaul.type is ignored: vaul is not in a1.configfilters; did you mean vault?',
    ]);
  });

  it('are not asked where only a text is read', () => {
    const text = netcat({
      'a1.configfilters': 'f1',
      'a1.configfilters.f1.type': 'env',
      'a1.sources.r1.bind': '${f1[x]}',
    });
    const { problems } = readFlumeConfs([{ file: 'f', text }], 'a1', { env: { x: '127.0.0.1' } });
    expect(problems.errors.map(({ message }) => message)).toEqual([
      'a1.sources.r1.bind: ${f1[x]}: config filters are asked when a file is read, not a text',
    ]);
  });
});
