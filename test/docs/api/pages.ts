/** The pages of docs/api: which names are on which, and how a declaration is shown. */
import type { Declaration, Member } from './declarations.ts';
import { exportsOf } from './declarations.ts';
import type { Docstring } from './docstring.ts';

interface ApiPage {
  /** Below docs/api. */
  readonly file: string;
  readonly title: string;
  readonly intro: string;
  readonly door: string;
  /** Of the door's names, these; without it those that are on no other page. */
  readonly names?: readonly string[];
}

export const API_PAGES: readonly ApiPage[] = [
  {
    file: 'streamjob.md',
    title: 'The door streamjob',
    intro: "What `import { … } from 'streamjob'` has: jobs, options, state, outputs, events, errors.",
    door: 'src/index.ts',
  },
  {
    file: 'streaming-context.md',
    title: 'StreamingContext',
    intro:
      'Where a job or a program makes its streams, and what starts and stops them. A job file gets one in the function that it gives to `defineJob`.',
    door: 'src/index.ts',
    names: ['StreamingContext', 'StreamingContextOptions', 'StopOptions', 'ContextState'],
  },
  {
    file: 'dstream.md',
    title: 'DStream',
    intro:
      'A stream of batches, with its operators and outputs. The examples say what comes out of a batch; a test runs each of them.',
    door: 'src/index.ts',
    names: ['DStream', 'EventWindowDStream', 'MapWithStateDStream', 'EventTimeOptions', 'EventWindow'],
  },
  {
    file: 'rdd.md',
    title: 'RDD',
    intro:
      'The values of one batch, in `transform` and `foreachRDD`. Transformations give an RDD, actions a promise. A test runs each example.',
    door: 'src/index.ts',
    names: ['RDD', 'Stats', 'Compare', 'Partitioner', 'Partitioning'],
  },
  {
    file: 'agent.md',
    title: 'The door streamjob/agent',
    intro:
      "What `import { … } from 'streamjob/agent'` has: the client, the embedded agent, and what components of your own are made with.",
    door: 'src/agent.ts',
  },
  {
    file: 'testing.md',
    title: 'The door streamjob/testing',
    intro:
      "What `import { … } from 'streamjob/testing'` has: the test kit, the simulator, and the tests that components must pass.",
    door: 'src/testing.ts',
  },
];

/** All pages, by their files. @param root the repository */
export function apiPages(root: string): ReadonlyMap<string, string> {
  const doors = new Map([...new Set(API_PAGES.map(({ door }) => door))].map((door) => [door, exportsOf(root, door)]));
  const placed = new Map<string, string>();
  for (const { file, names = [] } of API_PAGES) for (const name of names) placed.set(name, file);
  const texts = new Map<string, string>();
  for (const page of API_PAGES) {
    const all = doors.get(page.door) ?? [];
    const own = page.names?.map((name) => all.find((each) => each.name === name)).filter((each) => each !== undefined);
    const rest = all.filter(({ name }) => !placed.has(name));
    for (const { name } of own ?? rest) placed.set(name, page.file);
    const elsewhere = page.names === undefined ? all.filter(({ name }) => placed.get(name) !== page.file) : [];
    texts.set(page.file, pageText(page, own ?? rest, elsewhere, placed));
  }
  return texts;
}

function pageText(
  page: ApiPage,
  own: readonly Declaration[],
  elsewhere: readonly Declaration[],
  placed: ReadonlyMap<string, string>,
): string {
  const links = elsewhere.map(({ name }) => `[\`${name}\`](${placed.get(name)}#${name.toLowerCase()})`);
  const more = links.length === 0 ? [] : [`On other pages: ${links.join(', ')}.`];
  return [
    `# ${page.title}`,
    '<!-- Made by npm run docs:api from the docstrings in src: change those, not this page. -->',
    page.intro,
    ...more,
    ...own.map(declarationText),
  ]
    .join('\n\n')
    .concat('\n');
}

const KINDS = { class: 'Class', interface: 'Interface', type: 'Type', function: 'Function', const: 'Value' } as const;

function declarationText({ name, kind, signatures, doc, members }: Declaration): string {
  const fields = members.filter((member) => kind === 'interface' && !member.isMethod);
  const others = members.filter((member) => !fields.includes(member));
  return [
    `## ${name}`,
    `${KINDS[kind]}. ${doc === undefined ? '' : prose(doc.text)}`.trim(),
    ...(kind === 'interface' ? [] : [code(signatures)]),
    ...details(doc),
    ...(fields.length === 0 ? [] : [fieldTable(fields)]),
    ...others.map(memberText),
  ].join('\n\n');
}

function memberText(member: Member): string {
  const { name, doc, isMethod, isStatic, signatures } = member;
  return [
    `### ${isStatic ? 'static ' : ''}${name}${isMethod ? '()' : ''}`,
    code(signatures),
    ...(doc === undefined ? [] : [prose(doc.text)]),
    ...details(doc),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** Parameters, what comes back, what is thrown, examples. */
function details(doc: Docstring | undefined): string[] {
  if (doc === undefined) return [];
  const list = [
    ...doc.params.map(({ name, text }) => `- \`${name}\`: ${prose(text)}`),
    ...(doc.returns === undefined ? [] : [`- returns ${prose(doc.returns)}`]),
    ...doc.throws.map((text) => `- throws ${prose(text)}`),
  ];
  return [...(list.length === 0 ? [] : [list.join('\n')]), ...doc.examples.map((example) => fence(example))];
}

function fieldTable(fields: readonly Member[]): string {
  const rows = fields.map(({ doc, name, signatures: [signature = ''] }) => {
    const [, optional, type = ''] = /^(?:readonly )?\w+(\?)?:\s*([\s\S]*)$/.exec(signature) ?? [];
    const shown = type.replace(/\/\*\*[\s\S]*?\*\//g, '').replace(/\s+/g, ' ');
    return `| \`${name}${optional ?? ''}\` | \`${shown.replaceAll('|', '\\|')}\` | ${prose(doc?.text ?? '')
      .replaceAll('|', '\\|')
      .replace(/\s+/g, ' ')} |`;
  });
  return ['| Field | Type | |', '| --- | --- | --- |', ...rows].join('\n');
}

const fence = (text: string): string => `\`\`\`ts generated\n${text}\n\`\`\``;
const code = (parts: readonly string[]): string => fence(parts.map(unindented).join('\n'));

/** Without the indentation that it has in its class. */
function unindented(text: string): string {
  const [first = '', ...rest] = text.split('\n');
  const indent = Math.min(
    ...rest.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length),
    2,
  );
  return [first, ...rest.map((line) => line.slice(indent))].join('\n');
}

/** The site takes angle brackets for elements, and double braces for code: both are text here, but in backticks. */
function prose(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part, i) => (i % 2 === 1 ? part : part.replaceAll('<', '&lt;').replaceAll('{{', '{&#8203;{')))
    .join('');
}
