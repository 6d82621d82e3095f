/** The runner of the documentation's blocks finds what is wrong with a page: each mistake is planted into one. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Block, blocksOf } from '../../docs/blocks/block.ts';
import { moduleOf, typeCheck } from '../../docs/blocks/compile.ts';
import { patternOf } from '../../docs/blocks/expected.ts';
import { runPage } from '../../docs/blocks/page-run.ts';
import { Project } from '../../docs/blocks/project.ts';

let project: Project;
beforeAll(async () => {
  project = await Project.make();
});
afterAll(() => project.remove());

let planted = 0;

/** Blocks of a page of its own. */
function page(...fences: readonly (readonly [info: string, code: string])[]): { name: string; blocks: Block[] } {
  const name = `docs/planted-${planted++}.md`;
  const text = fences.map(([info, code]) => `\`\`\`${info}\n${code}\n\`\`\`\n`).join('\n');
  return { name, blocks: blocksOf({ name, text: `# Planted\n\n${text}` }) };
}

async function run(...fences: readonly (readonly [info: string, code: string])[]): Promise<void> {
  const { name, blocks } = page(...fences);
  await runPage(project, name, blocks);
}

const JOB = `import { defineJob } from 'streamjob';

export default defineJob({ name: 'planted', batchInterval: '100ms' }, (ssc) => {
  ssc.flumeStream({ port: 41414 }).map((event) => event.text()).print();
});`;
const BATCH = (value: string): string =>
  `-------------------------------------------\nTime: … ms\n-------------------------------------------\n${value}`;

describe('what a page shows', () => {
  test('of a program that writes it passes, what it does not write does not', async () => {
    const program = ['ts', "import { Seconds } from 'streamjob';\n\nconsole.log(Seconds(2));"] as const;
    await run(program, ['text', '2000']);
    await expect(run(program, ['text', '2001'])).rejects.toThrow(
      /planted-\d+\.md:9: .*the page shows\n {2}\| 2001\n.*\n {2}\| 2000/s,
    );
  });

  test('of a job is what it prints of the events that it is sent', async () => {
    await run(['ts send="one|two"', JOB], ['text', BATCH('one\ntwo')]);
    await expect(run(['ts send="one|two"', JOB], ['text', BATCH('one')])).rejects.toThrow('two');
  });

  test('of a shell block, on stdout or stderr', async () => {
    await run(['sh', 'streamjob explain PORT_IN_USE'], ['text', 'PORT_IN_USE…\n…']);
    await expect(run(['sh', 'streamjob explain PORT_IN_USE'], ['text', 'nothing'])).rejects.toThrow('the page shows');
    await run(['sh', 'streamjob run none.ts'], ['text stderr', 'JOB_NOT_FOUND…\n…']);
  });

  test('of a terminal is waited for', async () => {
    await run(['sh terminal=loop', 'while sleep 0.05; do echo beat; done'], ['text of=loop', 'beat\nbeat']);
    await expect(run(['sh terminal=short', 'echo one'], ['text of=short', 'two'])).rejects.toThrow(
      'the terminal wrote',
    );
  });

  test('of a terminal that was ended is over; its log is shown by its messages', async () => {
    await run(
      ['sh terminal=a', 'echo \'{"level":30,"msg":"it runs"}\' >&2; exec sleep 60'],
      ['text of=a stderr', 'it runs'],
      ['sh ends=a', 'true'],
    );
    await expect(run(['sh ends=none', 'true'])).rejects.toThrow("no terminal 'none'");
  });

  test('without a block that writes is no output', async () => {
    await expect(run(['text', 'lost'])).rejects.toThrow('no block before it writes');
  });

  test('that is a gap and no more is refused', async () => {
    await expect(run(['sh', 'echo one'], ['text', '…'])).rejects.toThrow('nothing that could be compared');
  });

  test('may have gaps within a line and of lines', () => {
    expect(patternOf('a…c\n…\nz', true).test('abc\n1\n2\nz')).toBe(true);
    expect(patternOf('a…c\n…\nz', true).test('abc\nz')).toBe(true);
    expect(patternOf('a\nz', true).test('a\nb\nz')).toBe(false);
    expect(patternOf('(a,1)', true).test('a,1')).toBe(false);
  });
});

describe('a program', () => {
  test('with a wrong type is told with its place', async () => {
    const { blocks } = page(['ts', "import { Seconds } from 'streamjob';\n\nconst text: string = Seconds(1);"]);
    await expect(typeCheck(project, blocks)).rejects.toThrow(/docs\/planted-\d+\.md:3 \(line 3 .*TS2322/s);
  });

  test('that fails, or a job that does not start, is told with what it says', async () => {
    await expect(run(['ts', "import 'streamjob';\n\nthrow new Error('planted');"])).rejects.toThrow('planted');
    const both = JOB.replace('.print()', '.print(-1)');
    await expect(run(['ts', both])).rejects.toThrow(/CONFIG_INVALID|JOB_INVALID/);
  });

  test('that is a part of one says what stands around it', async () => {
    const of = (info: string): Block => page([info, 'words.print();']).blocks[0] as Block;
    expect(() => moduleOf(of('ts'))).toThrow('in=NAME');
    expect(() => moduleOf(of('ts in=nowhere'))).toThrow('contexts/nowhere.ts');
    expect(moduleOf(of('ts in=stream'))).toContain('  return { lines };');
    await run(['ts in=stream', 'words.count().print();'], ['text', `${BATCH('6')}\n\n${BATCH('2')}`]);
  });

  test('that is for later is named by a later block', async () => {
    await expect(run(['ts file=later.ts later', JOB])).rejects.toThrow('nothing runs it');
    await run(['ts file=later.ts later', JOB], ['sh', 'streamjob check later.ts']);
  });
});

describe('a shell block', () => {
  test('whose command fails, or is not there, is told', async () => {
    await expect(run(['sh', 'streamjob run jobs/wordcount.ts --such-flag x'])).rejects.toThrow('such-flag');
    await expect(run(['sh', 'no-such-command'])).rejects.toThrow('ended with 127');
    await expect(run(['sh', 'false\ntrue'])).rejects.toThrow('ended with 1');
  });

  test('that calls what is not run has words that are known', async () => {
    await run(['sh', 'npm ci && npm run build']);
    await expect(run(['sh', 'npm run no-such-script'])).rejects.toThrow('no such script');
    await expect(run(['sh', 'npm explode'])).rejects.toThrow('stand-ins.ts');
  });
});

describe('a file', () => {
  test('of an agent is read by its reader', async () => {
    await run(['properties', 'a1.sinks.k1.type = logger\na1.sinks.k1.channel = c1']);
    await expect(run(['properties', 'a1.sinks.k1.type = lager\na1.sinks.k1.channel = c1'])).rejects.toThrow('lager');
    await expect(run(['properties file=a.conf', 'a1.sources = r1'])).rejects.toThrow('streamjob check');
  });

  test('of another program is read as far as its names are known', async () => {
    await expect(run(['yaml', 'a: [1'])).rejects.toThrow(/flow/i);
    await expect(run(['ini', '[Service]\nRestartMost=yes'])).rejects.toThrow('RestartMost');
    await expect(run(['ini', '[Service]\nExecStart=node cli.js run job.ts --no-such'])).rejects.toThrow('--no-such');
    await expect(run(['dockerfile', 'FORM node:20'])).rejects.toThrow('FORM');
    const pod = (path: string): string =>
      `apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n        - ports: [{ containerPort: 4040 }]\n          livenessProbe: { httpGet: { path: ${path}, port: 4040 } }`;
    await run(['yaml', pod('/healthz')]);
    await expect(run(['yaml', pod('/health')])).rejects.toThrow('does not serve /health');
  });
});

describe('a block', () => {
  test('of a language that is not run, or with words that it does not have, is refused', () => {
    expect(() => page(['ruby', 'puts 1'])).toThrow("blocks of 'ruby' are not run");
    expect(() => page(['', 'text'])).toThrow("blocks of '' are not run");
    expect(() => page(['ts skip', 'x'])).toThrow("ts has no 'skip'");
  });

  test('without an end, or in a list, is refused', () => {
    expect(() => blocksOf({ name: 'x.md', text: '```ts\nimport' })).toThrow('has no end');
    expect(() => blocksOf({ name: 'x.md', text: '- a\n  ```sh\n  ls\n  ```\n' })).toThrow('left edge');
  });
});
