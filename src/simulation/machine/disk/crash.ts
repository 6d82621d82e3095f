/**
 * What a power cut leaves of a file system: all that was synced, and of the rest what the seed says. As ext4 and xfs may do it:
 * changes of names come to the platters in their order or, between directories, in another; the bytes of a file come page by page,
 * each as old as it happens to be, and its length may be there without them.
 */
import type { Random } from '../random.ts';
import type { FileSystem } from './file-system.ts';
import {
  applyChange,
  applyNameChange,
  Content,
  type DirectoryNode,
  type FileChange,
  type FileNode,
  type Inode,
  type NameChange,
  withEarlier,
} from './node.ts';

const PAGES = [512, 4096] as const;

/** Takes the power away. Nobody may have files open any more. */
export function cutPower(system: FileSystem, random: Random): void {
  for (const change of keptNames(system.nameChanges, random)) applyNameChange(change);
  system.nameChanges = [];
  system.used = 0;
  const seen = new Set<Inode>();
  restore(system.root, random, seen);
  for (const node of seen) if (node.kind === 'file') system.used += node.live.size;
}

/** The changes that have come to the platters, in their order. */
function keptNames(changes: readonly NameChange[], random: Random): readonly NameChange[] {
  // One journal for all, as ext4 and xfs have it: up to some change all of them.
  if (random.chance(0.5)) return changes.slice(0, random.int(changes.length + 1));
  const rules = new Map<DirectoryNode | undefined, (order: number) => boolean>();
  const kept = new Set<NameChange>();
  for (const change of changes) {
    const directory = (change.from ?? change.to)?.directory;
    const rule = rules.get(directory) ?? ruleOf(changes, random);
    rules.set(directory, rule);
    if (rule(change.order)) kept.add(change);
  }
  return withEarlier(changes, (change) => kept.has(change));
}

/** What becomes of the changes of one directory: none, all, all up to some time, or any. */
function ruleOf(changes: readonly NameChange[], random: Random): (order: number) => boolean {
  const last = random.pick(changes).order;
  return random.pick([() => false, () => true, (order: number) => order < last, () => random.chance(0.5)]);
}

function restore(directory: DirectoryNode, random: Random, seen: Set<Inode>): void {
  seen.add(directory);
  directory.live = new Map(directory.durable);
  for (const node of directory.live.values()) {
    if (node.kind === 'directory') restore(node, random, seen);
    else if (node.kind === 'socket') node.listener = undefined;
    else if (seen.has(node)) node.names++;
    else {
      restoreFile(node, random);
      node.names = 1;
      node.opens = 0;
    }
    seen.add(node);
  }
}

function restoreFile(file: FileNode, random: Random): void {
  const { changes, durable } = file;
  file.changes = [];
  const left = changes.length === 0 ? durable : leftOf(durable, changes, random);
  // Both may be the same object only until the next change.
  if (left !== durable) {
    durable.truncate(0);
    durable.write(0, left.bytes);
  }
  file.live = new Content(durable.bytes);
}

function leftOf(durable: Content, changes: readonly FileChange[], random: Random): Content {
  const way = random.int(4);
  if (way === 0) return durable;
  if (way === 1) return afterChanges(durable, changes);
  return way === 2 ? torn(durable, changes, random) : pages(durable, changes, random);
}

function afterChanges(durable: Content, changes: readonly FileChange[]): Content {
  const content = new Content(durable.bytes);
  for (const change of changes) applyChange(content, change);
  return content;
}

/** Up to some change all of them, and of that one the first bytes. */
function torn(durable: Content, changes: readonly FileChange[], random: Random): Content {
  const whole = random.int(changes.length);
  const content = afterChanges(durable, changes.slice(0, whole));
  const change = changes[whole];
  if (change?.kind === 'write')
    content.write(change.offset, change.bytes.subarray(0, random.int(change.bytes.length + 1)));
  return content;
}

/** Each page as it was after some of the changes, and the length too. */
function pages(durable: Content, changes: readonly FileChange[], random: Random): Content {
  const size = random.pick(PAGES);
  const newest = afterChanges(durable, changes);
  const count = Math.ceil(Math.max(newest.size, durable.size) / size);
  const age = (): number => random.pick([0, changes.length, random.int(changes.length + 1)]);
  const ages = Array.from({ length: count }, age);
  const lengthAge = age();
  const left = new Content();
  const version = new Content(durable.bytes);
  let length = 0;
  for (let step = 0; ; step++) {
    for (const [page, wanted] of ages.entries()) {
      if (wanted === step) left.write(page * size, version.bytes.subarray(page * size, (page + 1) * size));
    }
    if (lengthAge === step) length = version.size;
    const change = changes[step];
    if (change === undefined) break;
    applyChange(version, change);
  }
  left.truncate(length);
  return left;
}
