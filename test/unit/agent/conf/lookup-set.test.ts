/** What a file of lookups (-Dlookups) makes of variables. Values of Java were taken down from Commons Text 1.9. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how flume.conf writes variables
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readFlumeConfs } from '../../../../src/agent/conf/flume-conf.ts';
import { ownSettings, readFiles } from '../../../../src/agent/conf/read-files.ts';
import { ownDirectory } from '../../../kit/directory.ts';

const ENUM = 'org.apache.commons.text.lookup.DefaultStringLookup';

function written(name: string, content: string | Buffer): string {
  const file = path.join(ownDirectory(), name);
  fs.writeFileSync(file, content);
  return file;
}

interface Given {
  readonly lookups?: string;
  readonly env?: Record<string, string>;
}

/** The values of a1.x, a1.y, … for lookups that a file names. */
function values(text: string, { env = {}, lookups }: Given): { values: Record<string, string>; told: string[] } {
  const system = lookups === undefined ? {} : { lookups };
  const read = readFiles([{ file: 'flume.conf', text }], { env, system });
  const settings = ownSettings(read, 'a1');
  return {
    values: Object.fromEntries([...settings].map(([key, { value }]) => [key, value])),
    told: read.problems.all.map(({ message }) => message),
  };
}

test('the file takes the place of the usual prefixes, in any case', () => {
  const lookups = written('l.properties', `ENVIRONMENT_of = ${ENUM}.ENVIRONMENT\n`);
  const { values: all, told } = values('a1.x = ${environment_OF:X}\na1.y = ${env:X}\n', { lookups, env: { X: '1' } });
  expect(all).toEqual({ x: '1', y: '${env:X}' });
  expect(told).toEqual(['a1.y: ${env:X} cannot be resolved and stays as it is: there is no property env:X']);
});

test('there are the lookups of Commons Text that need neither Java nor the network', () => {
  const file = written('port', Buffer.from('gr\u00fc\u00dfe\n', 'latin1'));
  const properties = written('p.properties', 'port = 44\n');
  const names = [
    'BASE64_DECODER',
    'BASE64_ENCODER',
    'URL_ENCODER',
    'URL_DECODER',
    'FILE',
    'PROPERTIES',
    'SYSTEM_PROPERTIES',
    'JAVA',
    'DATE',
  ];
  const lookups = written('l.properties', names.map((name) => `${name} = ${ENUM}.${name}\n`).join(''));
  const lines = [
    'a1.a = ${base64_decoder:Z3L832U=}',
    'a1.b = ${base64_encoder:gr\u00fc\u00dfe}',
    "a1.c = ${url_encoder:a b/\u00fc+*~'()!-_.}",
    'a1.d = ${url_decoder:a+b%2F%C3%BC}',
    `a1.e = \${file:ISO-8859-1:${file}}`,
    `a1.f = \${properties:${properties}::port}`,
    `a1.g = \${properties:${properties}::no:-none}`,
    'a1.h = ${system_properties:lookups}',
    'a1.i = ${java:os}',
    'a1.j = ${date:yyyy}',
  ];
  const { values: all, told } = values(lines.join('\n'), { lookups });
  expect(told).toEqual([]);
  const { h, i, j, ...rest } = all;
  expect(rest).toEqual({
    a: 'gr\u00fc\u00dfe',
    b: 'Z3L832U=',
    c: 'a+b%2F%C3%BC%2B*%7E%27%28%29%21-_.',
    d: 'a b/\u00fc',
    e: 'gr\u00fc\u00dfe',
    f: '44',
    g: 'none',
  });
  expect(h).toBe(lookups);
  expect(i).toContain('architecture');
  expect(j).toMatch(/^\d{4}$/);
});

test.each([
  ['${b:*}', '* is not base64'],
  ['${u:%zz}', '%zz is not encoded as in a URL'],
  ['${f:no}', 'expected CHARSET:FILE'],
  ['${f:utf-8:/no/such/file}', 'ENOENT'],
  ['${p:file}', 'expected FILE::KEY'],
  ['${p:/no/such/file::key}', 'ENOENT'],
])('%s is refused: %s', (variable, why) => {
  const of = (prefix: string, name: string): string => `${prefix} = ${ENUM}.${name}\n`;
  const lookups = written(
    'l.properties',
    of('b', 'BASE64_DECODER') + of('u', 'URL_DECODER') + of('f', 'FILE') + of('p', 'PROPERTIES'),
  );
  const { told } = values(`a1.x = ${variable}`, { lookups });
  expect(told).toHaveLength(1);
  expect(told[0]).toContain(why);
});

test.each([
  [`x = ${ENUM}.SCRIPT`, 'SCRIPT is refused: there is no Java here'],
  [`x = ${ENUM}.URL`, 'URL is refused: values are not fetched from the network'],
  [`x = ${ENUM}.ENVIRONMNT`, 'did you mean ENVIRONMENT?'],
  ['x = com.example.OurLookup', 'com.example.OurLookup is a class of Java, which does not run here'],
])('a file with %s is refused', (line, why) => {
  const lookups = written('l.properties', `# ours\n${line}\n`);
  const { told } = values('a1.x = 1', { lookups });
  expect(told).toHaveLength(1);
  expect(told[0]).toContain(`${lookups}:2: x: `);
  expect(told[0]).toContain(why);
});

test('a file that cannot be read refuses the start, and an empty one is as none', () => {
  const { told, values: usual } = values('a1.x = ${env:X}', { lookups: '/no/such/file', env: { X: '1' } });
  expect(told[0]).toContain('-Dlookups=/no/such/file cannot be read');
  expect(usual).toEqual({ x: '1' });
  const empty = written('l.properties', '# nothing\n');
  expect(values('a1.x = ${env:X}', { lookups: empty, env: { X: '1' } }).values).toEqual({ x: '1' });
  const { conf } = readFlumeConfs([{ file: 'flume.conf', text: '' }], 'a1', { env: {}, system: { lookups: empty } });
  expect(conf).toBeUndefined();
});

test('what a prefix does not have is a property by the name behind it, as in Flume', () => {
  const { values: all } = values('PORT = 5\na1.x = ${env:PORT}\na1.y = ${what:PORT}\na1.z = ${env:PORT}', {});
  expect(all).toEqual({ x: '5', y: '5', z: '5' });
  expect(values('PORT = 5\na1.x = ${env:PORT}', { env: { PORT: '6' } }).values).toEqual({ x: '6' });
});
