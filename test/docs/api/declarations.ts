/**
 * What the doors of the package export, as their sources declare it: read with oxc's parser, since TypeScript 7 has no interface for programs. The
 * sources are written for isolatedDeclarations, so that each public declaration says its types itself.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Comment, type Program, parseSync } from 'oxc-parser';
import { type Docstring, docstringOf } from './docstring.ts';

/** A declaration that is exported. */
export interface Declaration {
  readonly name: string;
  readonly kind: 'class' | 'interface' | 'type' | 'function' | 'const';
  /** From the root of the repository. */
  readonly file: string;
  /** What stands before its body; of a function each overload. */
  readonly signatures: readonly string[];
  readonly doc: Docstring | undefined;
  readonly members: readonly Member[];
}

/** A public member of a class or an interface. */
export interface Member {
  readonly name: string;
  readonly isMethod: boolean;
  readonly isStatic: boolean;
  readonly signatures: readonly string[];
  readonly doc: Docstring | undefined;
}

type Node = { readonly type: string; readonly start: number; readonly end: number } & Readonly<Record<string, unknown>>;

interface Parsed {
  readonly file: string;
  readonly text: string;
  readonly body: readonly Node[];
  readonly comments: readonly Comment[];
}

const parsed = new Map<string, Parsed>();

function parse(file: string): Parsed {
  const known = parsed.get(file);
  if (known !== undefined) return known;
  const text = readFileSync(file, 'utf8');
  const { program, comments, errors } = parseSync(file, text) as {
    program: Program;
    comments: Comment[];
    errors: readonly unknown[];
  };
  if (errors.length > 0) throw new Error(`${file} cannot be parsed`);
  const module = { file, text, comments, body: program.body as unknown as readonly Node[] };
  parsed.set(file, module);
  return module;
}

/**
 * The exports of a door, in the order of their names.
 * @param root the repository
 * @param door from there
 */
export function exportsOf(root: string, door: string): Declaration[] {
  const file = path.join(root, door);
  const found = parse(file).body.flatMap((node) => {
    if (node.type !== 'ExportNamedDeclaration' || node['source'] === null) return [];
    const from = path.resolve(path.dirname(file), (node['source'] as { value: string }).value);
    return (node['specifiers'] as { local: { name: string }; exportKind?: string }[]).map(({ local, exportKind }) => {
      const found = declared(root, from, local.name);
      // Of a class that is exported as a type nobody reaches what is static.
      const isType = node['exportKind'] === 'type' || exportKind === 'type';
      return isType ? { ...found, members: found.members.filter(({ isStatic }) => !isStatic) } : found;
    });
  });
  return found.sort((a, b) => a.name.localeCompare(b.name, 'en'));
}

function declared(root: string, file: string, name: string): Declaration {
  const module = parse(file);
  const all = module.body.map((node) => ({ node, inner: (node['declaration'] as Node | null) ?? node }));
  const own = all.filter(({ inner }) => nameOf(inner) === name);
  const [first] = own;
  if (first === undefined) {
    const from = sourceOf(module, name);
    if (from === undefined) throw new Error(`${file} does not declare ${name}`);
    return declared(root, path.resolve(path.dirname(file), from), name);
  }
  const kind = KINDS[first.inner.type];
  if (kind === undefined) throw new Error(`${file}: ${name} is a ${first.inner.type}`);
  return {
    name,
    kind,
    file: path.relative(root, file),
    doc: docBefore(module, first.node.start),
    signatures: signaturesOf(
      module,
      kind,
      own.map(({ inner }) => inner),
    ),
    members: kind === 'class' || kind === 'interface' ? membersOf(module, first.inner) : [],
  };
}

/** Where a module that only passes a name on has it from. */
function sourceOf({ body }: Parsed, name: string): string | undefined {
  for (const node of body) {
    const source = (node['source'] as { value: string } | null | undefined)?.value;
    const specifiers = (node['specifiers'] ?? []) as { local: { name: string } }[];
    if (source !== undefined && specifiers.some(({ local }) => local.name === name)) return source;
  }
  return undefined;
}

const KINDS: Readonly<Record<string, Declaration['kind']>> = {
  ClassDeclaration: 'class',
  TSInterfaceDeclaration: 'interface',
  TSTypeAliasDeclaration: 'type',
  FunctionDeclaration: 'function',
  TSDeclareFunction: 'function',
  VariableDeclaration: 'const',
};

function nameOf(node: Node): string | undefined {
  if (node.type === 'VariableDeclaration') {
    return (node['declarations'] as { id: { name: string } }[])[0]?.id.name;
  }
  return (node['id'] as { name: string } | null | undefined)?.name;
}

function signaturesOf({ text }: Parsed, kind: Declaration['kind'], nodes: readonly Node[]): string[] {
  if (kind === 'function') {
    const overloads = nodes.filter(({ type }) => type === 'TSDeclareFunction');
    const shown = overloads.length > 0 ? overloads : nodes;
    return shown.map((node) => slice(text, node.start, (node['body'] as Node | null)?.start ?? node.end));
  }
  const [node] = nodes;
  if (node === undefined) return [];
  if (kind === 'type') return [text.slice(node.start, node.end)];
  if (kind === 'const') {
    const [{ id, init }] = node['declarations'] as [{ id: Node & { name: string; typeAnnotation?: Node }; init: Node }];
    return [
      `const ${id.typeAnnotation === null || id.typeAnnotation === undefined ? `${id.name} = ${text.slice(init.start, init.end)}` : text.slice(id.start, id.end)}`,
    ];
  }
  return [slice(text, node.start, (node['body'] as Node).start)];
}

const slice = (text: string, start: number, end: number): string => text.slice(start, end).trim().replace(/;$/, '');

function membersOf(module: Parsed, node: Node): Member[] {
  const inside = (node['body'] as { body: readonly Node[] }).body;
  const members = new Map<string, Member>();
  for (const [i, member] of inside.entries()) {
    const read = readMember(module, member);
    if (read === undefined) continue;
    const key = `${read.isStatic}${read.name}`;
    const known = members.get(key);
    const isBody = (member['value'] as Node | undefined)?.['body'] !== null && member.type === 'MethodDefinition';
    // What implements overloads is for nobody.
    if (known !== undefined && isBody && inside[i - 1]?.type === member.type && known.doc !== undefined) continue;
    if (known === undefined) members.set(key, read);
    else members.set(key, { ...known, signatures: [...known.signatures, ...read.signatures] });
  }
  return [...members.values()].filter(({ doc }) => doc?.internal !== true);
}

function readMember(module: Parsed, member: Node): Member | undefined {
  const { text } = module;
  const key = member['key'] as (Node & { name?: string }) | undefined;
  if (key === undefined || key.type !== 'Identifier' || key.name === undefined) return undefined;
  if (['private', 'protected'].includes(String(member['accessibility'])) || key.name === 'constructor')
    return undefined;
  const doc = docBefore(module, member.start);
  const value = member['value'] as (Node & { body?: Node | null }) | null | undefined;
  const end = member.type === 'PropertyDefinition' ? (value?.start ?? member.end) : (value?.body?.start ?? member.end);
  const signature = slice(text, member.start, end).replace(/\s*=$/, '');
  const isMethod = ['TSMethodSignature', 'MethodDefinition'].includes(member.type) && member['kind'] === 'method';
  return { name: key.name, isMethod, isStatic: member['static'] === true, signatures: [signature], doc };
}

/** The docstring right before a place. */
function docBefore({ comments, text }: Parsed, start: number): Docstring | undefined {
  const before = comments.filter(({ end, type, value }) => end <= start && type === 'Block' && value.startsWith('*'));
  const last = before.at(-1);
  if (last === undefined || text.slice(last.end, start).trim() !== '') return undefined;
  return docstringOf(last.value);
}
