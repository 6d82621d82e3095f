/** Components of a user's own in a flume.conf: they run as the built-in ones do, and what is wrong with them is told by its line. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { runCli } from '../../../kit/cli.ts';
import { until } from '../../../kit/until.ts';
import { APPEND, BY_LENGTH, LINES, QUEUE, SHOUTED, STAGE } from './components.ts';
import { Project, said } from './project.ts';

const ALL = { 'own/lines.ts': LINES, 'own/stage.ts': STAGE, 'own/by-length.ts': BY_LENGTH, 'own/shouted.ts': SHOUTED };

/** Own source, interceptor, channel and sink. */
const ONE_WAY = `
a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = ./own/lines.ts
a1.sources.r1.words = a b c d e
a1.sources.r1.channels = c1
a1.sources.r1.interceptors = i1
a1.sources.r1.interceptors.i1.type = ./own/stage.ts
a1.sources.r1.interceptors.i1.stage = test
a1.channels.c1.type = ./own/queue.ts
a1.sinks.k1.type = my-append
a1.sinks.k1.file = DIRECTORY/out
a1.sinks.k1.channel = c1
`;

/** The same with a package in node_modules. */
function oneWay(): Project {
  const project = new Project({
    ...ALL,
    'own/queue.ts': QUEUE,
    'node_modules/my-append/package.json': '{ "type": "module", "exports": { "import": "./index.js" } }',
    'node_modules/my-append/index.js': "export { default } from './append.js';",
    // JavaScript, as packages are.
    'node_modules/my-append/append.js': APPEND,
  });
  project.write({ 'flume.conf': ONE_WAY.replaceAll('DIRECTORY', project.directory) });
  return project;
}

function linesOf(project: Project, name: string): string[] {
  try {
    return project
      .read(name)
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}

it('runs a source, an interceptor, a selector and a serializer of the user, with built-in channels and sinks', async () => {
  const project = new Project(ALL);
  project.write({
    'flume.conf': `
a1.sources = r1
a1.channels = c1 c2
a1.sinks = k1 k2
a1.sources.r1.type = ./own/lines.ts
a1.sources.r1.words = a bb longer ccc another drop
a1.sources.r1.channels = c1 c2
a1.sources.r1.interceptors = i1
a1.sources.r1.interceptors.i1.type = ./own/stage.ts
a1.sources.r1.interceptors.i1.stage = test
a1.sources.r1.interceptors.i1.drop = drop
a1.sources.r1.selector.type = ./own/by-length.ts
a1.channels.c1.type = memory
a1.channels.c2.type = memory
a1.sinks.k1.type = file_roll
a1.sinks.k1.sink.directory = ${project.path('short')}
a1.sinks.k1.sink.serializer = ./own/shouted.ts
a1.sinks.k1.sink.serializer.sign = ?
a1.sinks.k1.channel = c1
a1.sinks.k2.type = file_roll
a1.sinks.k2.sink.directory = ${project.path('long')}
a1.sinks.k2.channel = c2
`,
    'short/.keep': '',
    'long/.keep': '',
  });
  const agent = project.start();
  const written = (name: string): string =>
    readdirSync(project.path(name))
      .filter((file) => !file.startsWith('.'))
      .map((file) => readFileSync(path.join(project.path(name), file), 'utf8'))
      .join('');
  await until(
    () => agent.child.exitCode !== null || (written('short').includes('CCC') && written('long').includes('another')),
  );
  expect([written('short'), written('long')]).toEqual(['begin\nA? test\nBB? test\nCCC? test\n', 'longer\nanother\n']);
});

it('runs a channel of the user, and a sink of an installed package', async () => {
  const project = oneWay();
  const agent = project.start();
  await until(() => agent.child.exitCode !== null || linesOf(project, 'out').length >= 5);
  expect(linesOf(project, 'out')).toEqual(['a', 'b', 'c', 'd', 'e']);
  const { code, stdout } = await runCli(['check', project.path('flume.conf')]);
  expect([code, stdout]).toEqual([
    0,
    expect.stringContaining('r1 (./own/lines.ts), c1 (./own/queue.ts), k1 (my-append)'),
  ]);
});

it('tells what is wrong with each of them by the line that names it', async () => {
  const project = new Project({
    ...ALL,
    'own/broken.ts': 'export default {',
    'own/throws.ts': 'const x: number = 1;\nthrow new Error("at the start");',
    'own/nothing.ts': 'export const x = 1;',
    'own/lost.ts': "import './not-there.ts';\nexport default 1;",
    'flume.conf': `a1.sources = r1 r2 r3 r4 r5 r6 r7 r8
a1.channels = c1
a1.sinks = k1
a1.channels.c1.type = com.acme.MyChannel
a1.sources.r1.type = ./own/missing.ts
a1.sources.r2.type = ./own/broken.ts
a1.sources.r3.type = ./own/throws.ts
a1.sources.r4.type = ./own/nothing.ts
a1.sources.r5.type = ./own/stage.ts
a1.sources.r6.type = ./own/lines.ts
a1.sources.r6.wrds = a
a1.sources.r6.batchSize = none
a1.sources.r7.type = my-package
a1.sources.r8.type = ./own/lost.ts
a1.sinks.k1.type = null
a1.sinks.k1.channel = c1
${[1, 2, 3, 4, 5, 6, 7, 8].map((i) => `a1.sources.r${i}.channels = c1`).join('\n')}
`,
  });
  const { code, stdout } = await runCli(['check', project.path('flume.conf')]);
  expect(code).toBe(1);
  const told = new Map(
    stdout.split('\n').flatMap((line) => {
      const match = /flume\.conf:(\d+): ?(?:error|warning): (.*)$/.exec(line.replace('flume.conf:', 'flume.conf:'));
      return match === null ? [] : [[`${match[1]} ${(match[2] ?? '').slice(0, 9)}`, match[2] ?? ''] as const];
    }),
  );
  expect([...told.values()]).toEqual([
    expect.stringMatching(
      /channel c1: type com\.acme\.MyChannel is a class of Java.*defineChannel of streamjob\/agent/,
    ),
    expect.stringMatching(/source r1: there is no module \.\/own\/missing\.ts.*own\/missing\.ts/),
    expect.stringMatching(/source r2: \.\/own\/broken\.ts does not compile: .*broken\.ts:1/),
    expect.stringMatching(/source r3: \.\/own\/throws\.ts threw while it was loaded: at the start, at .*throws\.ts:2/),
    expect.stringMatching(/source r4: the default export of \.\/own\/nothing\.ts is no component.*defineSource\(/),
    expect.stringMatching(
      /source r5: \.\/own\/stage\.ts was made by defineInterceptor, which is no source: expected defineSource/,
    ),
    expect.stringMatching(/source r6: the property words is missing/),
    expect.stringMatching(/source r6 has no property wrds, it is ignored; did you mean words\?/),
    expect.stringMatching(/a1\.sources\.r6\.batchSize is "none", expected a whole number of at least 1/),
    expect.stringMatching(/source r7: unknown type my-package, expected one of netcat/),
    expect.stringMatching(/source r8: \.\/own\/lost\.ts imports something that cannot be found: .*not-there/),
  ]);
});

it('makes one anew when its code has changed, and leaves the others alone', async () => {
  const project = oneWay();
  project.write({ 'own/word.ts': "export const MORE = '';" });
  project.write({
    'own/stage.ts': STAGE.replace('body }', 'body: Buffer.concat([body, Buffer.from(MORE)]) }').replace(
      'import',
      "import { MORE } from './word.ts';\nimport",
    ),
  });
  const agent = project.start();
  await until(() => agent.child.exitCode !== null || linesOf(project, 'out').length >= 5);
  agent.child.kill('SIGHUP');
  await said(agent, 'the files say what they said before');
  project.write({ 'own/lines.ts': LINES.replace('.map((word)', ".map((one) => one + '2').map((word)") });
  agent.child.kill('SIGHUP');
  await until(() => agent.child.exitCode !== null || linesOf(project, 'out').length >= 10);
  // What a module imports counts as its code. The source runs on, and has nothing more to bring.
  project.write({ 'own/word.ts': "export const MORE = '!';" });
  agent.child.kill('SIGHUP');
  await until(() => agent.stderr().split('has gone over to').length === 3);
  expect(linesOf(project, 'out')).toEqual(['a', 'b', 'c', 'd', 'e', 'a2', 'b2', 'c2', 'd2', 'e2']);
});

it('loses nothing to an interceptor that throws or gives something else, and tells the line', async () => {
  const project = oneWay();
  const wrong = STAGE.replace(
    '({ body, headers }) =>',
    "({ body, headers }) => {\n  if (body[0] === 99) throw new Error('no c');\n  return (",
  ).replace('body },\n', 'body });},\n');
  project.write({ 'own/stage.ts': wrong });
  const agent = project.start();
  await said(agent, 'no c');
  expect(agent.stderr()).toMatch(/an interceptor \(stage\) threw: no c/);
  project.write({
    'own/stage.ts': STAGE.replace(
      '{ headers: { ...headers, stage }, body }',
      "(body[0] === 99 ? ({ body: 'c' } as never) : { headers, body })",
    ),
  });
  agent.child.kill('SIGHUP');
  await said(agent, 'it gave something that is no event');
  await until(() => linesOf(project, 'out').length >= 2);
  expect(linesOf(project, 'out')).toEqual(['a', 'b']);
  project.write({ 'own/stage.ts': STAGE });
  agent.child.kill('SIGHUP');
  await until(() => agent.child.exitCode !== null || linesOf(project, 'out').length >= 5);
  expect(linesOf(project, 'out')).toEqual(['a', 'b', 'c', 'd', 'e']);
});

it.each([
  [
    'create: ({ batchSize, words }, context) => {',
    "create: () => {\n    throw new Error('not today');",
    /COMPONENT_INVALID: source r1 \(lines\) cannot be made: not today[\s\S]*where: .*lines\.ts:\d+/,
  ],
  [
    'endless: false,',
    'endless: false };\n  return {',
    /COMPONENT_INVALID: source r1 \(lines\): create gave something without stop\(\)/,
  ],
])('ends a start whose create is wrong with the reason: %s', async (text, instead, reason) => {
  const project = oneWay();
  const other = instead.startsWith('endless') ? LINES.replace(/stop: async .*\n/, '') : LINES.replace(text, instead);
  project.write({ 'own/lines.ts': other });
  const { code, stderr } = await runCli(['agent', '-n', 'a1', '-f', project.path('flume.conf')]);
  expect([code, stderr]).toEqual([1, expect.stringMatching(reason)]);
});
