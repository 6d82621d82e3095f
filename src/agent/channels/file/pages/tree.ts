/**
 * Looks through the trees of lmdb's file without lmdb: every branch and leaf that is in use, and the beginning of every long value. Its
 * time follows what is in the channel, not what the file once held. A page that is damaged costs what is below it, and is named.
 */
import { nextLoop } from '../../../../core/machine.ts';
import {
  type BranchNode,
  type LeafNode,
  type Meta,
  PAGE_HEADER,
  pagesOfLong,
  readNodes,
  recordNumber,
  type TreeFacts,
  Wrong,
  wrongWithLong,
} from './layout.ts';
import type { PageFile } from './page-file.ts';

/** After so many pages others have their turn. */
const TURN_PAGES = 256;
/** How much of a long value is read when only its beginning is asked for, in bytes. */
const HEAD_BYTES = 256;

/** A place that is damaged. */
export interface Fault {
  /** What is wrong, for people. */
  readonly what: string;
  readonly page: number;
  /** Numbers of the records that may be lost by it: from the first to before the second; undefined: none are. */
  readonly lost: readonly [number, number] | undefined;
}

/** Who is told what is found. */
export interface Finder {
  /**
   * @param head the value, or the first 232 bytes of a long one
   * @param whole reads all of it
   */
  record(number: number, head: Buffer, whole: () => Buffer): void;
  /** Is waited for after each leaf. */
  turn?(): Promise<void>;
  fault(fault: Fault): void;
}

/** What was found. */
export interface Found {
  readonly records: number;
  readonly faults: number;
}

/** Looks through the records of a file, and through its list of free pages. */
export async function findRecords(file: PageFile, meta: Meta, finder: Finder): Promise<Found> {
  const walk = new Walk(file, meta, finder);
  await walk.records();
  await walk.freePages();
  return { records: walk.count, faults: walk.faults };
}

/** One of the two trees of a file. */
interface Tree {
  readonly facts: TreeFacts;
  /** What its keys stand for, in their order; undefined: nothing. */
  readonly numberOf: (key: Buffer) => number | undefined;
  /** What is before the words about a fault. */
  readonly of: string;
  /** Whether records are lost by a fault. */
  readonly holdsRecords: boolean;
}

interface Pending {
  readonly page: number;
  readonly level: number;
  /** The keys that may be below it. */
  readonly from: number;
  readonly to: number;
}

interface Leaf extends Pending {
  readonly nodes: readonly (LeafNode | Wrong)[];
}

class Walk {
  readonly #file: PageFile;
  readonly #meta: Meta;
  readonly #finder: Finder;
  /** A bit for each page that is in use. */
  readonly #used: Buffer;
  /** Pages by kind, to be compared with what lmdb has noted. */
  #pages = { branch: 0, leaf: 0, overflow: 0 };
  /** Records that were found. */
  count = 0;
  faults = 0;

  constructor(file: PageFile, meta: Meta, finder: Finder) {
    this.#file = file;
    this.#meta = meta;
    this.#finder = finder;
    this.#used = Buffer.alloc((meta.lastPage >> 3) + 1);
  }

  async records(): Promise<void> {
    const tree: Tree = { facts: this.#meta.records, numberOf: recordNumber, of: '', holdsRecords: true };
    await this.#walk(tree, (number, node) => {
      const head = this.#valueOf(node, false);
      if (head instanceof Wrong) return head;
      this.#finder.record(number, head, () => this.#wholeOf(node, head));
      this.count++;
      return undefined;
    });
  }

  /** The list of free pages: lmdb would write over a page in use that stood there. */
  async freePages(): Promise<void> {
    const { free, transaction } = this.#meta;
    const numberOf = (key: Buffer): number | undefined => {
      const number = key.length === 8 ? Number(key.readBigUInt64LE(0)) : undefined;
      return number !== undefined && number <= transaction ? number : undefined;
    };
    const tree: Tree = { facts: free, numberOf, of: 'the list of free pages: ', holdsRecords: false };
    await this.#walk(tree, (_, node) => {
      const value = this.#valueOf(node, true);
      return value instanceof Wrong ? value : this.#wrongWithFree(value);
    });
  }

  async #walk(tree: Tree, use: (number: number, node: LeafNode) => Wrong | undefined): Promise<void> {
    const before = this.faults;
    this.#pages = { branch: 0, leaf: 0, overflow: 0 };
    let entries = 0;
    let leaves = 0;
    for (const leaf of this.#leaves(tree)) {
      entries += this.#entriesOf(tree, leaf, use);
      if (++leaves % TURN_PAGES === 0) await nextLoop();
      await this.#finder.turn?.();
    }
    if (this.faults === before) this.#compare(tree, entries);
  }

  /** The leaves of a tree, by rising keys. */
  *#leaves(tree: Tree): Generator<Leaf> {
    const { depth, root } = tree.facts;
    const pending: Pending[] = [];
    if (root !== undefined) pending.push({ page: root, level: depth, from: 0, to: Number.POSITIVE_INFINITY });
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      const kind = at.level === 1 ? 'leaf' : 'branch';
      const claimed = this.#claim(at.page, 1);
      const { nodes, wrong } =
        claimed === undefined
          ? readNodes(this.#read(at.page), at.page, kind, this.#meta.transaction)
          : { nodes: [], wrong: claimed };
      // A page with a wrong head may have its nodes still: what they hold has checksums of its own.
      if (wrong !== undefined) this.#fault(tree, at.page, wrong.what, nodes.length > 0 ? undefined : [at.from, at.to]);
      if (nodes.length === 0) continue;
      this.#pages[kind]++;
      if (kind === 'leaf') yield { ...at, nodes: nodes as (LeafNode | Wrong)[] };
      else pending.push(...this.#below(tree, at, nodes as (BranchNode | Wrong)[]));
    }
  }

  /** The pages below a branch, the last one first. */
  #below(tree: Tree, at: Pending, nodes: readonly (BranchNode | Wrong)[]): Pending[] {
    const below: Pending[] = [];
    let isWhole = true;
    for (const [i, node] of nodes.entries()) {
      const least = below.at(-1)?.from ?? at.from;
      const from = node instanceof Wrong ? undefined : i === 0 ? at.from : tree.numberOf(node.key);
      if (node instanceof Wrong || from === undefined || from < least || from >= at.to) {
        isWhole = false;
        const what = node instanceof Wrong ? node.what : `the key of its node ${i} is damaged`;
        this.#fault(tree, at.page, what, [least, at.to]);
        // Its key tells only which records are below it.
        if (!(node instanceof Wrong)) below.push({ ...at, page: node.page, level: at.level - 1, from: least });
        continue;
      }
      const last = below.pop();
      if (last !== undefined) below.push({ ...last, to: from });
      below.push({ page: node.page, level: at.level - 1, from, to: at.to });
    }
    // With a wrong node among them the bounds of its neighbours are not known.
    return (isWhole ? below : below.map((each) => ({ ...each, from: at.from, to: at.to }))).reverse();
  }

  /** @returns how many of them could be used */
  #entriesOf(
    tree: Tree,
    { from, nodes, page, to }: Leaf,
    use: (number: number, node: LeafNode) => Wrong | undefined,
  ): number {
    let next = from;
    let entries = 0;
    for (const [i, node] of nodes.entries()) {
      const number = node instanceof Wrong ? undefined : tree.numberOf(node.key);
      if (node instanceof Wrong || number === undefined || number < next || number >= to) {
        this.#fault(tree, page, node instanceof Wrong ? node.what : `the key of its node ${i} is damaged`, [next, to]);
        continue;
      }
      const wrong = use(number, node);
      if (wrong === undefined) entries++;
      else this.#fault(tree, page, `entry ${number}: ${wrong.what}`, [number, number + 1]);
      next = number + 1;
    }
    return entries;
  }

  #valueOf({ data, size }: LeafNode, whole: boolean): Buffer | Wrong {
    if (Buffer.isBuffer(data)) return data;
    const { pageSize } = this.#meta;
    const pages = pagesOfLong(size, pageSize);
    const claimed = this.#claim(data.page, pages);
    if (claimed !== undefined) return claimed;
    this.#pages.overflow += pages;
    const bytes = this.#file.read(data.page * pageSize, whole ? pages * pageSize : HEAD_BYTES);
    return wrongWithLong(bytes, data, size, this.#meta) ?? bytes.subarray(PAGE_HEADER, PAGE_HEADER + size);
  }

  #wholeOf({ data, size }: LeafNode, head: Buffer): Buffer {
    if (Buffer.isBuffer(data) || head.length === size) return head;
    return this.#file.read(data.page * this.#meta.pageSize + PAGE_HEADER, size);
  }

  /** Numbers of pages behind their count; one below zero says how many pages the next one stands for; zeros are gaps. */
  #wrongWithFree(value: Buffer): Wrong | undefined {
    const count = value.length < 8 ? -1 : Number(value.readBigInt64LE(0));
    if (count < 0 || count * 8 + 8 > value.length) return new Wrong('it is of another length');
    let pages = 1;
    for (let i = 1; i <= count; i++) {
      const number = Number(value.readBigInt64LE(i * 8));
      if (number < 0) pages = -number;
      if (number <= 0) continue;
      const wrong = this.#claim(number, pages);
      if (wrong !== undefined) return new Wrong(`page ${number} in it: ${wrong.what}`);
      pages = 1;
    }
    return undefined;
  }

  /** Notes that pages are in use: none is twice. */
  #claim(page: number, pages: number): Wrong | undefined {
    if (!(page >= 2 && page + pages - 1 <= this.#meta.lastPage)) return new Wrong('it is not in the file');
    for (let each = page; each < page + pages; each++) {
      const bit = 1 << (each & 7);
      const byte = this.#used[each >> 3] ?? 0;
      if ((byte & bit) !== 0) return new Wrong(`page ${each} is used twice`);
      this.#used[each >> 3] = byte | bit;
    }
    return undefined;
  }

  #read(page: number): Buffer {
    const { pageSize } = this.#meta;
    return this.#file.read(page * pageSize, pageSize);
  }

  /** Where no page was wrong there must be as many as lmdb has noted: a root that points to an old page shows so. */
  #compare(tree: Tree, entries: number): void {
    const { branchPages, leafPages, overflowPages, records } = tree.facts;
    const { branch, leaf, overflow } = this.#pages;
    const [noted, found] = [
      [records, branchPages, leafPages, overflowPages],
      [entries, branch, leaf, overflow],
    ];
    if (String(noted) === String(found)) return;
    const what = `of entries, branches, leaves and pages of long entries ${noted.join(', ')} are noted, and ${found.join(', ')} found`;
    this.#fault(tree, this.#meta.transaction % 2, what, undefined);
  }

  #fault({ holdsRecords, of }: Tree, page: number, what: string, lost: readonly [number, number] | undefined): void {
    this.faults++;
    this.#finder.fault({ page, what: `${of}${what}`, lost: holdsRecords ? lost : undefined });
  }
}
