/**
 * How lmdb lays out the pages of its file (version 2 of its format, on machines that are little-endian and have 64 bits). It checks
 * nothing of what it reads: a page with one wrong bit can end the process with SIGSEGV. So files are looked through by this code first.
 *   page: uint64 number · uint64 transaction · uint16 · uint16 flags · uint16 end of the list of nodes, or uint32 pages of a long value ·
 *   uint16 begin of the nodes · list of uint16 places of nodes · free · nodes
 *   node: uint32 size of its data · uint16 flags · uint16 size of its key · key · data; in branches the first six bytes are the page below
 */

/** The version of the format. */
export const FORMAT = 2;
export const MAGIC = 0xbeefc0de;
/** Bytes of a page before its list of nodes. */
export const PAGE_HEADER = 24;
const NODE_HEADER = 8;
/** Bytes that a node has of a long value, whose data is in pages of its own. */
const LONG_BYTES = 24;

const BRANCH = 0x01;
const LEAF = 0x02;
const OVERFLOW = 0x04;
const META = 0x08;
/** A node whose data is in pages of its own. */
const LONG = 0x01;

/** A root that is no page: the tree is empty. */
const NO_PAGE = 0xffffffffffffffffn;

/** What lmdb notes of a tree. */
export interface TreeFacts {
  /** Levels of pages; 0: it is empty. */
  readonly depth: number;
  readonly branchPages: number;
  readonly leafPages: number;
  readonly overflowPages: number;
  readonly records: number;
  /** The number of its first page; undefined: it is empty. */
  readonly root: number | undefined;
}

/** What one of the two pages at the front of the file says. */
export interface Meta {
  readonly pageSize: number;
  readonly lastPage: number;
  readonly transaction: number;
  readonly free: TreeFacts;
  readonly records: TreeFacts;
}

/** Where the data of a long value is. */
export interface LongData {
  readonly page: number;
  /** The commit that wrote it. */
  readonly transaction: number;
  readonly pages: number;
}

/** A node of a leaf. */
export interface LeafNode {
  readonly key: Buffer;
  /** How long the data is, in bytes. */
  readonly size: number;
  /** The data; where it is long, the page in which it begins. */
  readonly data: Buffer | LongData;
}

/** A node of a branch. */
export interface BranchNode {
  /** The first key below; of the first node of a page it says nothing. */
  readonly key: Buffer;
  readonly page: number;
}

/** What is wrong with a page. */
export class Wrong {
  readonly what: string;

  constructor(what: string) {
    this.what = what;
  }
}

/** Reads one of the first two pages. @param bytes at least 256 of them */
export function readMeta(bytes: Buffer, page: number): Meta | Wrong {
  if (bytes.length < 256) return new Wrong('it is cut off');
  if (numberAt(bytes, 0) !== page) return new Wrong('it has another number');
  if ((bytes.readUInt16LE(18) & META) === 0) return new Wrong('it is of another kind');
  if (bytes.readUInt32LE(24) !== MAGIC) return new Wrong("it has not lmdb's mark");
  if (bytes.readUInt32LE(28) !== FORMAT) return new Wrong('it is of another version of the format');
  const pageSize = bytes.readUInt32LE(48);
  if (pageSize < 512 || pageSize > 65536 || (pageSize & (pageSize - 1)) !== 0)
    return new Wrong(`its pages are of ${pageSize} bytes`);
  const [free, records] = [treeAt(bytes, 48), treeAt(bytes, 96)];
  if (free === undefined || records === undefined) return new Wrong('it says of a tree what cannot be');
  return { pageSize, free, records, lastPage: numberAt(bytes, 144), transaction: numberAt(bytes, 152) };
}

function treeAt(bytes: Buffer, at: number): TreeFacts | undefined {
  const root = bytes.readBigUInt64LE(at + 40);
  const facts = {
    depth: bytes.readUInt16LE(at + 6),
    branchPages: numberAt(bytes, at + 8),
    leafPages: numberAt(bytes, at + 16),
    overflowPages: numberAt(bytes, at + 24),
    records: numberAt(bytes, at + 32),
    root: root === NO_PAGE ? undefined : Number(root),
  };
  return (facts.root === undefined) === (facts.depth === 0) && facts.depth < 64 ? facts : undefined;
}

/** Numbers past 2^53 are wrong in any case; which of them it was does not matter. */
function numberAt(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at));
}

/** What a page says. */
export interface PageNodes {
  /** Those that are wrong by themselves stand among them. None: it cannot be read at all. */
  readonly nodes: readonly (LeafNode | BranchNode | Wrong)[];
  /** What is wrong with the page. Its nodes may be right all the same. */
  readonly wrong: Wrong | undefined;
}

/**
 * The nodes of a branch or a leaf.
 * @param kind what the page should be
 * @param last the last commit
 */
export function readNodes(bytes: Buffer, page: number, kind: 'branch' | 'leaf', last: number): PageNodes {
  const wrong = headOf(bytes, page, kind === 'branch' ? BRANCH : LEAF, last);
  if (bytes.length < PAGE_HEADER) return { nodes: [], wrong };
  const room = bytes.length - PAGE_HEADER;
  const [listEnd, nodesBegin] = [bytes.readUInt16LE(20), bytes.readUInt16LE(22)];
  if (listEnd === 0 || listEnd % 2 !== 0 || listEnd > nodesBegin || nodesBegin > room)
    return { nodes: [], wrong: wrong ?? new Wrong('its list of nodes is wrong') };
  const nodes: (LeafNode | BranchNode | Wrong)[] = [];
  let used = 0;
  for (let at = 0; at < listEnd; at += 2) {
    const place = bytes.readUInt16LE(PAGE_HEADER + at);
    const node = place < nodesBegin || place % 2 !== 0 ? undefined : nodeAt(bytes, PAGE_HEADER + place, kind);
    nodes.push(node?.node ?? new Wrong(`its node ${at / 2} is damaged`));
    used += node?.bytes ?? 0;
  }
  // Nodes lie without gaps: where the sum is another, one of them is not where or what it was.
  const isWhole = used === room - nodesBegin || nodes.some((node) => node instanceof Wrong);
  return { nodes, wrong: wrong ?? (isWhole ? undefined : new Wrong('its nodes do not fill their place')) };
}

function headOf(bytes: Buffer, page: number, kind: number, last: number): Wrong | undefined {
  if (bytes.length < PAGE_HEADER) return new Wrong('it is behind the end of the file');
  if (numberAt(bytes, 0) !== page) return new Wrong('it has another number');
  // lmdb takes a page of a commit that is to come for one that it is writing itself.
  if (numberAt(bytes, 8) > last) return new Wrong('it is of a commit that has not been');
  return bytes.readUInt16LE(18) === kind ? undefined : new Wrong('it is of another kind');
}

interface Sized {
  readonly node: LeafNode | BranchNode;
  /** What it takes of the page. */
  readonly bytes: number;
}

function nodeAt(bytes: Buffer, at: number, kind: 'branch' | 'leaf'): Sized | undefined {
  if (at + NODE_HEADER > bytes.length) return undefined;
  const [low, flags, keySize] = [bytes.readUInt32LE(at), bytes.readUInt16LE(at + 4), bytes.readUInt16LE(at + 6)];
  const keyAt = at + NODE_HEADER;
  const dataAt = keyAt + keySize;
  if (dataAt > bytes.length) return undefined;
  const key = bytes.subarray(keyAt, dataAt);
  if (kind === 'branch') return { node: { key, page: low + flags * 2 ** 32 }, bytes: even(NODE_HEADER + keySize) };
  if (flags !== 0 && flags !== LONG) return undefined;
  const length = flags === LONG ? LONG_BYTES : low;
  if (dataAt + length > bytes.length) return undefined;
  const data =
    flags === LONG
      ? { page: numberAt(bytes, dataAt), transaction: numberAt(bytes, dataAt + 8), pages: numberAt(bytes, dataAt + 16) }
      : bytes.subarray(dataAt, dataAt + length);
  return { node: { key, size: low, data }, bytes: even(NODE_HEADER + keySize + length) };
}

function even(bytes: number): number {
  return bytes + (bytes % 2);
}

/** What is wrong with the first of the pages of a long value. @param size of the value, in bytes */
export function wrongWithLong(
  head: Buffer,
  data: LongData,
  size: number,
  { pageSize, transaction: last }: Meta,
): Wrong | undefined {
  const wrong = headOf(head, data.page, OVERFLOW, last);
  if (wrong !== undefined) return wrong;
  const pages = pagesOfLong(size, pageSize);
  const isSame = data.pages === pages && data.transaction === numberAt(head, 8);
  return isSame && head.readUInt32LE(20) === pages ? undefined : new Wrong('it is of another length');
}

/** How many pages a long value has. */
export function pagesOfLong(size: number, pageSize: number): number {
  return Math.floor((PAGE_HEADER - 1 + size) / pageSize) + 1;
}

const float = Buffer.alloc(8);
const whole = Buffer.alloc(12);

/** The number of a record of its key, as the package ordered-binary writes it; undefined: it is none. */
export function recordNumber(key: Buffer): number | undefined {
  if (key.length < 4 || key.length > 9) return undefined;
  whole.fill(0);
  key.copy(whole);
  const [high, low] = [whole.readUInt32BE(0), whole.readUInt32BE(4)];
  if (high >>> 28 !== 1 || (whole[8] ?? 0) % 16 !== 0) return undefined;
  float.writeUInt32BE(((high << 4) | (low >>> 28)) >>> 0, 0);
  float.writeUInt32BE(((low << 4) | ((whole[8] ?? 0) >>> 4)) >>> 0, 4);
  const number = float.readDoubleBE(0);
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}
