/** docs/operations.md: alerts ask for metrics that there are, and each says what to do; the unit and the Dockerfile are those of a new project. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { agentMetrics } from '../../docs/agent-metrics.ts';
import { type Block, blocksOf } from '../../docs/blocks/block.ts';
import { checkDockerfile } from '../../docs/blocks/formats.ts';
import { ROOT } from '../../docs/blocks/project.ts';

const read = (name: string): string => readFileSync(path.join(ROOT, name), 'utf8');
const page = read('docs/operations.md');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
}

const alerts = blocksOf({ name: 'docs/operations.md', text: page }).find(
  ({ words }) => words['file'] === 'alerts.yaml',
);
const { groups } = parse(alerts?.code ?? '') as { groups: readonly { readonly rules: readonly Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);

/** What a job serves, with its kind: test/unit/docs/monitoring.test.ts holds that page equal to the code. */
const served = new Map(
  [...read('docs/monitoring.md').matchAll(/^\| `(\w+)` \| (counter|gauge|histogram) \|([^|]*)\|/gm)].map(
    ([, name = '', kind = '', labels = '']) => [
      name,
      { kind, labels: [...labels.matchAll(/\w+/g)].map(([label]) => label) },
    ],
  ),
);

/** The metric of a name in an expression, without what a histogram has behind it. */
const nameOf = (text: string): string => text.replace(/^streamjob_/, '').replace(/_(?:bucket|sum|count)$/, '');

test.each(rules)('$alert asks for metrics that there are', ({ expr }) => {
  const names = [...expr.matchAll(/\bstreamjob_\w+/g)].map(([name]) => name);
  if (!expr.startsWith('up{')) expect(names.length).toBeGreaterThan(0);
  for (const name of names) {
    const agent = agentMetrics().get(name.replace(/^streamjob_/, ''));
    const kind = agent ?? served.get(nameOf(name))?.kind ?? served.get(name.replace(/^streamjob_/, ''))?.kind;
    expect([name, kind]).toEqual([name, expect.stringMatching(/counter|gauge|histogram/)]);
    // Of a counter its growth is asked for, of a gauge its value.
    const grows = new RegExp(`(?:rate|increase)\\(${name}\\b`).test(expr);
    if (kind !== 'gauge') expect([name, grows]).toEqual([name, true]);
    else expect([name, grows]).toEqual([name, false]);
  }
  const [, by] = /by \((\w+)\)/.exec(expr) ?? [];
  if (by !== undefined) expect(served.get(nameOf(names[0] ?? ''))?.labels).toContain(by);
  expect([...expr].filter((c) => c === '(').length).toBe([...expr].filter((c) => c === ')').length);
});

test('each alert has a section that says what to do, and there is no section without one', () => {
  const sections = [...page.matchAll(/^### (Streamjob\w+)$/gm)].map(([, name]) => name);
  expect(sections).toEqual(rules.map(({ alert }) => alert));
});

test('the Dockerfile of a new project calls streamjob with words that it takes', () => {
  const code = read('src/cli/init/templates/Dockerfile.txt');
  checkDockerfile({ page: 'Dockerfile', line: 1, language: 'dockerfile', words: {}, code } satisfies Block);
});
